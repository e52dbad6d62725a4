//===- Driver.h - the state behind the entry points -------------*- C++ -*-===//
//
// Work on a stream is kept in its queue until somebody waits for it, so that a
// host that reads results too early, or changes what a copy still reads, gets
// what it deserves. One lock covers everything.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_DRIVER_DRIVER_H
#define BCSSL_TOOLS_SIMT_DRIVER_DRIVER_H

#include "tools/simt/driver/Cuda.h"
#include "tools/simt/driver/Faults.h"
#include "tools/simt/executor/Machine.h"

#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <set>

/// The entry points, and nothing else, are seen from outside.
#define BCSSL_SIMT_EXPORT extern "C" __attribute__((visibility("default")))

namespace bcssl::simt {

class Driver;

using Task = std::function<CUresult(Driver &)>;
using Tasks = std::vector<Task>;

struct Context {};

struct Module {
  std::unique_ptr<Program> program;
  std::map<std::string, std::unique_ptr<Function>> functions;
};

struct Function {
  const Kernel *kernel = nullptr;
  int dynamicSharedLimit = 48 << 10; ///< more must be asked for
};

struct Stream {
  std::deque<Task> queue;
  bool isCapturing = false, captureFailed = false;
  std::shared_ptr<Tasks> captured;
};

/// One recording of an event.
struct Recording {
  Stream *stream = nullptr;
  bool isDone = false;
  std::chrono::steady_clock::time_point time;
};

struct Event {
  std::shared_ptr<Recording> recording; ///< the latest one, or null
};

struct Graph {
  std::shared_ptr<Tasks> tasks;
};

struct GraphExec {
  std::shared_ptr<Tasks> tasks;
};

/// What driver and device say that they are. They do the same whatever it is.
struct Identity {
  int version = 13000;      ///< of CUDA: 1000 * major + 10 * minor
  int major = 9, minor = 0; ///< the compute capability
};

class Driver {
public:
  /// An order of threads and blocks.
  struct Turn {
    Order order;
    uint64_t seed; ///< of Order::Shuffle
  };

  static Driver &get();

  /// Counts a call of an entry point, and adds its name to the file of
  /// BCSSL_SIMT_CALLS; the result that it must fail with, if it must.
  std::optional<CUresult> count(const char *name);

  /// Adds work to a stream: to its queue, or to what it captures.
  CUresult enqueue(Stream &stream, Task task);
  /// Does what the stream has to do, or that of all streams. Refused, and the
  /// capture lost, while the stream captures.
  CUresult drain(Stream &stream);
  CUresult drainAll();
  /// Does the first task of the queue, which is not empty.
  CUresult step(Stream &stream);
  /// Does what its stream has to do until it is done. Refused where it was
  /// recorded in a capture whose graph has not run.
  CUresult finish(const Recording &recording);

  /// Sets the machine's order for a launch of the kernel: where several orders
  /// are asked for, its launches take them in turn.
  void takeTurn(const Kernel *kernel);

  /// The stream of a handle (null is a stream of its own), or null.
  Stream *streamOf(Stream *handle);

  /// Whether all of a range is device memory, or pinned host memory.
  bool isDeviceMemory(CUdeviceptr address, size_t bytes);
  bool isPinned(const void *address, size_t bytes) const;

  std::mutex lock;
  const Identity identity;
  Machine machine;
  CUresult lost = CUDA_SUCCESS; ///< after a fatal fault of a kernel
  bool isInitialized = false;
  Context context;
  Context *currentContext = nullptr;
  unsigned retained = 0;
  Stream defaultStream;
  std::map<Stream *, std::unique_ptr<Stream>> streams;
  std::map<Event *, std::unique_ptr<Event>> events;
  std::map<Module *, std::unique_ptr<Module>> modules;
  std::set<Function *> functions;
  std::map<Graph *, std::unique_ptr<Graph>> graphs;
  std::map<GraphExec *, std::unique_ptr<GraphExec>> graphExecs;
  std::map<const std::byte *, size_t> pinned; ///< bytes by address
  std::vector<uint64_t> argumentBytes;        ///< of the next launch

private:
  Driver();

  Faults faults;
  FILE *calls = nullptr;   ///< null: nobody asked for them
  std::vector<Turn> turns; ///< at least one
  std::map<const Kernel *, size_t> launches;
};

/// Runs the body of an entry point under the lock, unless the call is told to
/// fail: for calls that need neither cuInit nor a device.
template <typename Body> CUresult enterAnytime(const char *name, Body body) {
  Driver &driver = Driver::get();
  std::lock_guard guard(driver.lock);
  if (auto result = driver.count(name))
    return *result;
  return body(driver);
}

/// The same, unless the device is lost or cuInit was not called.
template <typename Body> CUresult enter(const char *name, Body body) {
  return enterAnytime(name, [&](Driver &driver) {
    if (driver.lost != CUDA_SUCCESS)
      return driver.lost;
    if (!driver.isInitialized)
      return CUDA_ERROR_NOT_INITIALIZED;
    try {
      return body(driver);
    } catch (const std::bad_alloc &) {
      return CUDA_ERROR_OUT_OF_MEMORY;
    }
  });
}

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_DRIVER_DRIVER_H
