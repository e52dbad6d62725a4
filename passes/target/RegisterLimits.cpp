//===- RegisterLimits.cpp - registers of a GPU thread ---------------------===//

#include "passes/target/RegisterLimits.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace bcssl {

/// A multiprocessor has four schedulers with the registers of so many threads'
/// worth each; they are handed to warps in units (CUDA C++ Programming Guide,
/// table of technical specifications, the same from sm_80 to sm_120).
static constexpr unsigned schedulers = 4, warpThreads = 32,
                          schedulerRegisters = 16384, unit = 8,
                          mostRegisters = 255, mostWarps = 16;

/// What ptxas -v says before a kernel's name, and before its registers.
static constexpr StringRef properties = "Function properties for ",
                           used = ": Used ";

SmallVector<SpillingKernel> spillingKernels(StringRef notes) {
  SmallVector<SpillingKernel> result;
  StringRef kernel;
  bool spills = false;
  for (StringRef line : split(notes, '\n')) {
    if (size_t at = line.find(properties); at != StringRef::npos) {
      kernel = line.drop_front(at + properties.size()).rtrim();
      spills = false;
    } else if (line.contains("bytes spill stores")) {
      spills = !line.contains(" 0 bytes spill stores, 0 bytes spill loads");
    } else if (size_t at = line.find(used); at != StringRef::npos) {
      StringRef number = line.drop_front(at + used.size());
      unsigned registers;
      if (spills && !number.consumeInteger(10, registers))
        result.push_back({kernel, registers});
      spills = false;
    }
  }
  return result;
}

unsigned registersOf(StringRef notes, StringRef kernel) {
  bool isKernel = false;
  for (StringRef line : split(notes, '\n')) {
    if (size_t at = line.find(properties); at != StringRef::npos)
      isKernel = line.drop_front(at + properties.size()).rtrim() == kernel;
    size_t at = line.find(used);
    unsigned registers;
    if (isKernel && at != StringRef::npos &&
        !line.drop_front(at + used.size()).consumeInteger(10, registers))
      return registers;
  }
  return 0;
}

unsigned nextRegisterLimit(unsigned registers, unsigned threads) {
  unsigned fewest = divideCeil(divideCeil(threads, warpThreads), schedulers);
  for (unsigned warps = mostWarps; warps >= std::max(fewest, 1u); --warps) {
    unsigned each = std::min<unsigned>(
        alignDown(schedulerRegisters / warpThreads / warps, unit),
        mostRegisters);
    if (each > registers)
      return each;
  }
  return 0;
}

std::string limitRegisters(StringRef ptx, StringRef kernel,
                           unsigned registers) {
  size_t entry = ptx.find((".entry " + kernel + "(").str());
  size_t body = ptx.find("\n{", entry);
  if (entry == StringRef::npos || body == StringRef::npos)
    return ptx.str();
  StringRef head = ptx.take_front(body), tail = ptx.drop_front(body);
  constexpr StringRef directive = "\n.maxnreg ";
  if (size_t before = head.find(directive, entry); before != StringRef::npos)
    return (head.take_front(before) + directive + Twine(registers) +
            head.drop_front(
                std::min(head.find('\n', before + 1), head.size())) +
            tail)
        .str();
  return (head + directive + Twine(registers) + tail).str();
}

} // namespace bcssl
