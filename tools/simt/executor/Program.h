//===- Program.h - kernels for the machine at hand --------------*- C++ -*-===//
//
// A program is an LLVM module as NVPTX code generation takes it, made to
// machine code of the host. Kernels are compiled when they are first asked for.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TOOLS_SIMT_EXECUTOR_PROGRAM_H
#define BCSSL_TOOLS_SIMT_EXECUTOR_PROGRAM_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bcssl::simt {

/// What compiled code reads of the thread that runs it.
struct ThreadState {
  uint32_t threadId[3], blockId[3], blockSize[3], gridSize[3];
  uint32_t lane, warp;
  uint32_t site;          ///< written before each instruction that is called
  uint32_t dynamicShared; ///< bytes
  uint32_t totalShared;   ///< bytes
  std::byte *shared;
  const void *const *arguments; ///< a pointer to the value of each parameter
};

/// An instruction of a kernel that findings speak of.
struct Site {
  std::string location; ///< "model.cpp:12 load of 16 bytes"
  uint32_t bytes = 0, alignment = 1;
  enum : uint8_t { Read, Write, Atomic, Call } kind = Call;
  /// Sites of the matrix products whose results the instruction uses.
  std::vector<uint32_t> products = {};
};

struct Kernel {
  std::string name;
  std::vector<uint32_t> parameterBytes;
  std::vector<Site> sites;
  uint32_t staticSharedBytes = 0; ///< the dynamic ones begin behind
  void (*entry)(ThreadState *) = nullptr;
};

/// Either a value or what is wrong, in words.
template <typename T> struct Outcome {
  T value{};
  std::string problem; ///< empty: the value counts
};

class Program {
public:
  /// Reads LLVM bitcode or assembly. Refuses modules that do not parse or
  /// verify, and those with instructions that the executor does not know.
  static Outcome<std::unique_ptr<Program>> load(std::string_view bytes,
                                                bool checks);
  ~Program();

  std::vector<std::string> kernelNames() const;
  /// Compiles at the first call. The kernel lives as long as the program.
  Outcome<const Kernel *> find(const std::string &name);

private:
  struct State;
  explicit Program(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace bcssl::simt

#endif // BCSSL_TOOLS_SIMT_EXECUTOR_PROGRAM_H
