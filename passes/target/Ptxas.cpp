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

namespace {

/// A file that goes with the object.
class TemporaryFile {
public:
  /// Creates it; null where that is not possible.
  static std::unique_ptr<TemporaryFile> create(StringRef suffix) {
    SmallString<128> path;
    if (llvm::sys::fs::createTemporaryFile("bcssl", suffix, path))
      return nullptr;
    return std::unique_ptr<TemporaryFile>(new TemporaryFile(path));
  }

  StringRef path() const { return name; }

  /// Replaces what is in it; not where the disk is full.
  std::error_code write(StringRef text) const {
    std::error_code error;
    llvm::raw_fd_ostream stream(name, error);
    if (error)
      return error;
    stream << text;
    stream.close();
    error = stream.error();
    stream.clear_error(); // else its destructor ends the program
    return error;
  }

private:
  explicit TemporaryFile(StringRef path) : name(path.str()), remover(path) {}

  std::string name;
  llvm::FileRemover remover;
};

} // namespace

std::string findPtxas(StringRef given) {
  std::string named = given.str();
  if (named.empty())
    named = llvm::sys::Process::GetEnv("BCSSL_PTXAS").value_or("");
  if (named == "none")
    return "";
  if (!named.empty()) {
    auto found = llvm::sys::findProgramByName(named);
    return found ? *found : named;
  }
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
  auto source = TemporaryFile::create("ptx"),
       code = TemporaryFile::create("cubin"),
       said = TemporaryFile::create("txt");
  if (!source || !code || !said)
    return error() << "cannot create temporary files for ptxas";
  if (std::error_code problem = source->write(ptx))
    return error() << "cannot write " << source->path()
                   << " for ptxas: " << problem.message();
  std::string architecture = ("-arch=" + chip).str(), message;
  SmallVector<StringRef> arguments{ptxas,          "-v", architecture,
                                   source->path(), "-o", code->path()};
  std::optional<StringRef> streams[] = {std::nullopt, said->path(),
                                        said->path()};
  int status = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt,
                                         streams, 0, 0, &message);
  auto notes = llvm::MemoryBuffer::getFile(said->path());
  auto cubin = llvm::MemoryBuffer::getFile(code->path());
  if (status != 0 || !notes || !cubin)
    return error() << ptxas << " failed on the kernels: " << message
                   << (notes ? (*notes)->getBuffer().rtrim() : StringRef());
  return Cubin{(*cubin)->getBuffer().str(), (*notes)->getBuffer().str()};
}

FailureOr<std::string>
ptxasVersion(StringRef ptxas, llvm::function_ref<InFlightDiagnostic()> error) {
  auto said = TemporaryFile::create("txt");
  if (!said)
    return error() << "cannot create temporary files for ptxas";
  std::optional<StringRef> streams[] = {std::nullopt, said->path(),
                                        said->path()};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(ptxas, {ptxas, "--version"},
                                         std::nullopt, streams, 0, 0, &message);
  auto text = llvm::MemoryBuffer::getFile(said->path());
  if (status != 0 || !text)
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
