//===- ElfImage.cpp - check, memory file, dlopen --------------------------===//

#include "runtime/device/cpu/ElfImage.h"
#include "runtime/device/ElfReader.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bcssl {

static Error invalid(const std::string &message) {
  return {ExitCode::BadData,
          "image-invalid",
          "CPU image " + message,
          {},
          {},
          "compile the program again"};
}

static Status checkHeader(const ElfReader &reader) {
  if (!reader.holds(0, 1, sizeof(Elf64_Ehdr)))
    return invalid("expects an ELF header, got " +
                   std::to_string(reader.bytes.size()) + " bytes");
  auto header = reader.read<Elf64_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return invalid("expects an ELF file, got other magic bytes");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64 ||
      header.e_type != ET_DYN)
    return invalid("expects a 64-bit x86-64 shared object, got class " +
                   std::to_string(header.e_ident[EI_CLASS]) + ", machine " +
                   std::to_string(header.e_machine) + ", type " +
                   std::to_string(header.e_type));
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
      !reader.holds(header.e_phoff, header.e_phnum, sizeof(Elf64_Phdr)))
    return invalid("expects program headers inside the file");
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
      !reader.holds(header.e_shoff, header.e_shnum, sizeof(Elf64_Shdr)))
    return invalid("expects section headers inside the file");
  return {};
}

static Status checkDynamic(const ElfReader &reader, const Elf64_Phdr &segment) {
  uint64_t count = segment.p_filesz / sizeof(Elf64_Dyn);
  for (uint64_t i = 0; i < count; ++i) {
    auto entry = reader.read<Elf64_Dyn>(segment.p_offset, i);
    switch (entry.d_tag) {
    case DT_NULL:
      return {};
    case DT_NEEDED:
      return invalid("expects no needed library, got one");
    case DT_INIT:
    case DT_FINI:
    case DT_INIT_ARRAY:
    case DT_FINI_ARRAY:
      return invalid("expects no code that runs when it is loaded, got some");
    default:
      break;
    }
  }
  return {};
}

static Status checkSegments(const ElfReader &reader) {
  auto header = reader.read<Elf64_Ehdr>(0);
  bool dynamic = false;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    auto segment = reader.read<Elf64_Phdr>(header.e_phoff, i);
    if (!reader.holds(segment.p_offset, segment.p_filesz, 1))
      return invalid("expects segment " + std::to_string(i) +
                     " inside the file");
    if (segment.p_type == PT_INTERP)
      return invalid("expects no interpreter, got one");
    if (segment.p_type != PT_DYNAMIC)
      continue;
    dynamic = true;
    BCSSL_RETURN_IF_ERROR(checkDynamic(reader, segment));
  }
  if (!dynamic)
    return invalid("expects a dynamic segment, got none");
  return {};
}

/// Names the first undefined symbol. Entry 0 of a symbol table is always empty.
static Status checkImports(const ElfReader &reader) {
  auto header = reader.read<Elf64_Ehdr>(0);
  bool found = false;
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    auto section = reader.read<Elf64_Shdr>(header.e_shoff, i);
    if (section.sh_type != SHT_DYNSYM)
      continue;
    found = true;
    uint64_t count = section.sh_size / sizeof(Elf64_Sym);
    if (section.sh_link >= header.e_shnum ||
        !reader.holds(section.sh_offset, count, sizeof(Elf64_Sym)))
      return invalid("expects the dynamic symbols inside the file");
    auto names = reader.read<Elf64_Shdr>(header.e_shoff, section.sh_link);
    if (!reader.holds(names.sh_offset, names.sh_size, 1))
      return invalid("expects the symbol names inside the file");
    for (uint64_t j = 1; j < count; ++j) {
      auto symbol = reader.read<Elf64_Sym>(section.sh_offset, j);
      if (symbol.st_name >= names.sh_size)
        return invalid("expects symbol names inside their table");
      if (symbol.st_shndx != SHN_UNDEF)
        continue;
      return invalid("expects no undefined symbol, got " +
                     std::string(reader.text(names.sh_offset + symbol.st_name,
                                             names.sh_size - symbol.st_name)));
    }
  }
  if (!found)
    return invalid("expects a table of dynamic symbols, got none");
  return {};
}

Status checkElfImage(std::span<const std::byte> image) {
  ElfReader reader{image};
  BCSSL_RETURN_IF_ERROR(checkHeader(reader));
  BCSSL_RETURN_IF_ERROR(checkSegments(reader));
  return checkImports(reader);
}

static Error loadError(const std::string &action, const std::string &reason) {
  return {ExitCode::NoDevice, "image-load",
          "cannot " + action + " the CPU image: " + reason};
}

Result<ElfImage> ElfImage::load(std::span<const std::byte> image) {
  BCSSL_RETURN_IF_ERROR(checkElfImage(image));
  int file = memfd_create("bcssl-image", MFD_CLOEXEC);
  if (file < 0)
    return loadError("create memory for", std::strerror(errno));
  for (size_t done = 0; done < image.size();) {
    ssize_t count = write(file, image.data() + done, image.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      Error error = loadError("write", std::strerror(errno));
      close(file);
      return error;
    }
    done += static_cast<size_t>(count);
  }
  std::string path = "/proc/self/fd/" + std::to_string(file);
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  // dlerror speaks of the memory file's name, which helps nobody, but its end
  // says why.
  const char *reason = handle ? nullptr : dlerror();
  close(file);
  if (!handle)
    return loadError("load", reason ? reason : "unknown reason");
  return ElfImage(handle);
}

ElfImage::~ElfImage() {
  if (handle)
    dlclose(handle);
}

Result<void *> ElfImage::find(const std::string &symbol) const {
  if (void *address = dlsym(handle, symbol.c_str()))
    return address;
  return Error{ExitCode::BadData,
               "image-symbol",
               "expects the CPU image to export " + symbol,
               {},
               {},
               "compile the program again"};
}

} // namespace bcssl
