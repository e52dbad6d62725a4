//===- Driver.cpp - the state behind the entry points ---------------------===//

#include "tools/simt/driver/Driver.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace bcssl::simt {
namespace {

std::string variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

[[noreturn]] void refuse(const std::string &what) {
  std::fprintf(stderr, "simt: %s\n", what.c_str());
  std::exit(2);
}

uint64_t parseNumber(const char *name, const std::string &text) {
  char *end = nullptr;
  uint64_t value = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || *end != 0 || text[0] == '-')
    refuse(std::string("expects a number for ") + name + ", got " + text);
  return value;
}

uint64_t number(const char *name, uint64_t otherwise) {
  std::string text = variable(name);
  return text.empty() ? otherwise : parseNumber(name, text);
}

/// The orders of BCSSL_SIMT_ORDER.
std::vector<Driver::Turn> readTurns() {
  std::vector<Driver::Turn> turns;
  std::istringstream list(variable("BCSSL_SIMT_ORDER"));
  for (std::string order; std::getline(list, order, ',');) {
    if (order == "forward")
      turns.push_back({Order::Forward, 0});
    else if (order == "reverse")
      turns.push_back({Order::Reverse, 0});
    else
      turns.push_back({Order::Shuffle, parseNumber("BCSSL_SIMT_ORDER", order)});
  }
  if (turns.empty())
    turns.push_back({Order::Forward, 0});
  return turns;
}

MachineOptions readOptions() {
  MachineOptions options;
  std::string checks = variable("BCSSL_SIMT_CHECKS");
  if (!checks.empty() && checks != "on" && checks != "off")
    refuse("expects on or off for BCSSL_SIMT_CHECKS, got " + checks);
  options.checks = checks != "off";
  options.workers = static_cast<uint32_t>(
      std::min<uint64_t>(number("BCSSL_SIMT_WORKERS", 2), 64));
  options.memoryBytes = number("BCSSL_SIMT_MEMORY", options.memoryBytes);
  return options;
}

/// Writes the numbers of a version such as 12.4, where the variable has one.
void readVersion(const char *name, int &major, int &minor) {
  std::string text = variable(name);
  if (text.empty())
    return;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%4d.%4d%c", &major, &minor, &rest) != 2 ||
      major < 0 || minor < 0)
    refuse(std::string("expects a version such as 12.4 for ") + name +
           ", got " + text);
}

Identity readIdentity() {
  Identity identity;
  readVersion("BCSSL_SIMT_CAPABILITY", identity.major, identity.minor);
  int major = identity.version / 1000, minor = identity.version % 1000 / 10;
  readVersion("BCSSL_SIMT_CUDA", major, minor);
  identity.version = 1000 * major + 10 * minor;
  return identity;
}

/// New findings go to stderr, and to the file of BCSSL_SIMT_FINDINGS.
void print(const Finding &finding) {
  std::string text = "simt: " + finding.text() + "\n";
  std::fputs(text.c_str(), stderr);
  if (std::string path = variable("BCSSL_SIMT_FINDINGS"); !path.empty())
    if (FILE *file = std::fopen(path.c_str(), "a")) {
      std::fputs(text.c_str(), file);
      std::fclose(file);
    }
}

/// The file of BCSSL_SIMT_CALLS, whose lines are written at once: it also tells
/// of a process that is killed. Null where none is named.
FILE *openCalls() {
  std::string path = variable("BCSSL_SIMT_CALLS");
  if (path.empty())
    return nullptr;
  FILE *file = std::fopen(path.c_str(), "a");
  if (!file)
    refuse("expects a file to write for BCSSL_SIMT_CALLS, got " + path);
  setlinebuf(file);
  return file;
}

} // namespace

Driver::Driver()
    : identity(readIdentity()), machine(readOptions(), print),
      faults(std::getenv("BCSSL_SIMT_FAIL")), calls(openCalls()),
      turns(readTurns()) {
  if (!faults.problem().empty())
    refuse(faults.problem());
}

std::optional<CUresult> Driver::count(const char *name) {
  if (calls)
    std::fprintf(calls, "%s\n", name);
  return faults.next(name);
}

Driver &Driver::get() {
  // Never destroyed: callers may use the driver until the process ends.
  static auto *driver = new Driver;
  return *driver;
}

CUresult Driver::enqueue(Stream &stream, Task task) {
  if (stream.isCapturing)
    stream.captured->push_back(std::move(task));
  else
    stream.queue.push_back(std::move(task));
  return CUDA_SUCCESS;
}

void Driver::takeTurn(const Kernel *kernel) {
  const Turn &turn = turns[launches[kernel]++ % turns.size()];
  machine.setOrder(turn.order, turn.seed);
}

CUresult Driver::step(Stream &stream) {
  Task task = std::move(stream.queue.front());
  stream.queue.pop_front();
  return task(*this);
}

CUresult Driver::finish(const Recording &recording) {
  while (!recording.isDone) {
    Stream *stream = recording.stream;
    bool isThere = stream == &defaultStream || streams.contains(stream);
    // One of a capture waits in no queue, and its stream may be gone.
    if (!isThere || stream->queue.empty())
      return CUDA_ERROR_INVALID_VALUE;
    if (CUresult result = step(*stream); result != CUDA_SUCCESS)
      return result;
  }
  return CUDA_SUCCESS;
}

CUresult Driver::drain(Stream &stream) {
  if (stream.isCapturing) {
    stream.captureFailed = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  while (lost == CUDA_SUCCESS && !stream.queue.empty())
    if (CUresult result = step(stream); result != CUDA_SUCCESS)
      return result;
  return lost;
}

CUresult Driver::drainAll() {
  CUresult result = drain(defaultStream);
  for (auto &[handle, stream] : streams)
    if (result == CUDA_SUCCESS && !stream->isCapturing)
      result = drain(*stream);
  return result;
}

Stream *Driver::streamOf(Stream *handle) {
  if (!handle)
    return &defaultStream;
  return streams.contains(handle) ? handle : nullptr;
}

bool Driver::isDeviceMemory(CUdeviceptr address, size_t bytes) {
  return machine.memory().find(reinterpret_cast<const void *>(address),
                               bytes) != nullptr;
}

bool Driver::isPinned(const void *address, size_t bytes) const {
  auto *begin = static_cast<const std::byte *>(address);
  auto place = pinned.upper_bound(begin);
  if (place == pinned.begin())
    return false;
  --place;
  return begin + bytes <= place->first + place->second;
}

} // namespace bcssl::simt

using namespace bcssl::simt;

BCSSL_SIMT_EXPORT uint64_t bcsslSimtFindings() {
  return Driver::get().machine.findings().count();
}

BCSSL_SIMT_EXPORT void bcsslSimtBoundArguments(const uint64_t *bytes,
                                               unsigned count) {
  Driver &driver = Driver::get();
  std::lock_guard guard(driver.lock);
  driver.argumentBytes.assign(bytes, bytes + count);
}
