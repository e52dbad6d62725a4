// An image that runs code when it is loaded.
static volatile int count;
__attribute__((constructor)) static void start(void) { ++count; }
void kernel(void *const *arguments, long tile) { ++count; }
