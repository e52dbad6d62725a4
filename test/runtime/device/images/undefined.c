// An image that lacks a symbol.
float missing_function(float);
void kernel(void *const *arguments, long tile) {
  ((float *)arguments[0])[tile] = missing_function(1);
}
