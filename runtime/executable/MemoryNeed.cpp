//===- MemoryNeed.cpp - planned bytes against free ones -------------------===//

#include "runtime/executable/MemoryNeed.h"

#include <charconv>

namespace bcssl {

MemoryNeed memoryNeed(const artifact::Contents &contents) {
  // Verified blocks have at most 2^46 bytes each, but there may be many.
  auto add = [](uint64_t a, uint64_t b) {
    return a + std::min(b, ~uint64_t{0} - a);
  };
  MemoryNeed need{.state = contents.stateBytes};
  uint64_t arena = 0;
  for (const artifact::Program &program : contents.programs) {
    arena = std::max(arena, program.arenaBytes);
    // The next inputs may be brought to the device beside a run.
    need.batch = add(need.batch, 2 * program.inputBytes + program.outputBytes);
  }
  need.batch = std::min(add(need.batch, arena), ~uint64_t{0} - need.state);
  return need;
}

int64_t largestBatch(const MemoryNeed &need, int64_t batch, uint64_t free) {
  if (batch < 1)
    return 0;
  // Too large a constant leaves too little for an image, and so promises too
  // little of every smaller batch, never too much.
  for (uint64_t fixed : {MemoryNeed::reserve, need.state, need.constant()}) {
    if (free < fixed)
      return 0;
    free -= fixed;
  }
  uint64_t grows = need.batch - need.constant();
  if (free >= grows)
    return batch;
  return static_cast<int64_t>(static_cast<double>(free) /
                              static_cast<double>(grows) *
                              static_cast<double>(batch));
}

static int64_t numberOf(const std::string &text) {
  int64_t number = 0;
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size() ? number : 0;
}

Status checkMemory(const Executable &executable, Device &device) {
  BCSSL_ASSIGN_OR_RETURN(free, device.freeBytes());
  MemoryNeed need = memoryNeed(executable.contents());
  if (!free || need.fits(*free))
    return {};
  std::string hint = "compile with a smaller batch or use a larger GPU";
  int64_t batch = numberOf(executable.property("batch"));
  if (int64_t fits = largestBatch(need, batch, *free); fits > 0)
    hint = "compile with --batch=" + std::to_string(fits) +
           " or less, or use a larger GPU";
  return Error{ExitCode::NoResource,
               "out-of-memory",
               "needs " + std::to_string(need.total()) +
                   " bytes of device memory, of which " +
                   std::to_string(need.state) + " are variables, and " +
                   std::to_string(MemoryNeed::reserve) + " for the driver; " +
                   std::to_string(*free) + " are free on " +
                   device.description(),
               executable.file(),
               {},
               hint};
}

} // namespace bcssl
