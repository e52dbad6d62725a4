//===- Ptxas.cpp - NVIDIA's assembler -------------------------------------===//

#include "passes/target/Ptxas.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace mlir;

namespace bcssl {

std::string findPtxas(StringRef given) {
  if (!given.empty())
    return given.str();
  if (auto named = llvm::sys::Process::GetEnv("BCSSL_PTXAS");
      named && !named->empty())
    return *named;
  SmallVector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"})
    if (auto folder = llvm::sys::Process::GetEnv(variable))
      folders.push_back(*folder + "/bin");
  folders.push_back("/usr/local/cuda/bin");
  SmallVector<StringRef> paths(folders.begin(), folders.end());
  if (auto found = llvm::sys::findProgramByName("ptxas", paths))
    return *found;
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  return "";
}

FailureOr<Cubin> assemblePtx(StringRef ptx, StringRef chip, StringRef ptxas,
                             llvm::function_ref<InFlightDiagnostic()> error) {
  SmallString<128> ptxPath, cubinPath, notesPath;
  int descriptor;
  if (llvm::sys::fs::createTemporaryFile("bcssl", "ptx", descriptor, ptxPath) ||
      llvm::sys::fs::createTemporaryFile("bcssl", "cubin", cubinPath) ||
      llvm::sys::fs::createTemporaryFile("bcssl", "txt", notesPath)) {
    error() << "cannot create temporary files for ptxas";
    return failure();
  }
  llvm::FileRemover removePtx(ptxPath), removeCubin(cubinPath),
      removeNotes(notesPath);
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true) << ptx;
  std::string architecture = ("-arch=" + chip).str(), message;
  SmallVector<StringRef> arguments{ptxas,   "-v", architecture,
                                   ptxPath, "-o", cubinPath};
  std::optional<StringRef> streams[] = {std::nullopt, StringRef(notesPath),
                                        StringRef(notesPath)};
  int code = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt, streams,
                                       0, 0, &message);
  auto notes = llvm::MemoryBuffer::getFile(notesPath);
  auto cubin = llvm::MemoryBuffer::getFile(cubinPath);
  if (code != 0 || !notes || !cubin) {
    error() << ptxas << " failed on the kernels: " << message
            << (notes ? (*notes)->getBuffer().rtrim() : StringRef());
    return failure();
  }
  return Cubin{(*cubin)->getBuffer().str(), (*notes)->getBuffer().str()};
}

FailureOr<std::string>
ptxasVersion(StringRef ptxas, llvm::function_ref<InFlightDiagnostic()> error) {
  SmallString<128> path;
  if (llvm::sys::fs::createTemporaryFile("bcssl", "txt", path))
    return error() << "cannot create temporary files for ptxas";
  llvm::FileRemover remove(path);
  std::optional<StringRef> streams[] = {std::nullopt, StringRef(path),
                                        StringRef(path)};
  std::string message;
  int code = llvm::sys::ExecuteAndWait(ptxas, {ptxas, "--version"},
                                       std::nullopt, streams, 0, 0, &message);
  auto text = llvm::MemoryBuffer::getFile(path);
  if (code != 0 || !text)
    return error() << ptxas << " does not say its version: " << message
                   << (text ? (*text)->getBuffer().rtrim() : StringRef());
  return (*text)->getBuffer().str();
}

/// The name in quotes behind the word function.
static StringRef functionIn(StringRef line) {
  constexpr StringRef word = "function '";
  size_t at = line.rfind(word);
  if (at == StringRef::npos)
    return "";
  return line.drop_front(at + word.size()).take_until([](char letter) {
    return letter == '\'';
  });
}

SmallVector<PerformanceNote> performanceNotes(StringRef notes) {
  SmallVector<PerformanceNote> result;
  StringRef kernel;
  for (StringRef line : llvm::split(notes, '\n')) {
    constexpr StringRef properties = "Function properties for ";
    if (size_t at = line.find(properties); at != StringRef::npos)
      kernel = line.drop_front(at + properties.size()).rtrim();
    else if (line.contains("bytes stack frame") &&
             !line.contains(" 0 bytes stack frame, 0 bytes spill stores, 0 "
                            "bytes spill loads"))
      result.push_back({kernel.str(), "expects no stack and no spills, got " +
                                          line.trim().str()});
    else if (size_t at = line.find("(C75"); at != StringRef::npos)
      result.push_back(
          {functionIn(line).str(), line.drop_front(at).rtrim().str()});
  }
  return result;
}

} // namespace bcssl
