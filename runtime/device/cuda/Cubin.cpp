//===- Cubin.cpp - sections, attributes, instructions ---------------------===//

#include "runtime/device/cuda/Cubin.h"
#include "runtime/device/ElfReader.h"

#include <algorithm>
#include <elf.h>
#include <map>
#include <optional>

namespace bcssl {
namespace {

constexpr uint16_t machineCuda = 190; // EM_CUDA

/// Attributes of `.nv.info` sections: a format, a number, and a value in place
/// or behind them.
enum : uint8_t {
  formatSized = 4,
  attributeMaxThreads = 0x05,
  attributeRequiredThreads = 0x10,
  attributeFrameSize = 0x11,
  attributeMinStackSize = 0x12,
  attributeMaxStackSize = 0x23,
  attributeRegisterCount = 0x2f,
};

/// Opcodes: the nine low bits of an instruction. The three bits above them say
/// whether operands are registers, constants or immediate numbers.
enum : uint16_t {
  opcodeFfma = 0x023,
  opcodeHmma = 0x03c,
  opcodeLdg = 0x181,
  opcodeLdl = 0x183,
  opcodeLds = 0x184,
  opcodeStg = 0x186,
  opcodeStl = 0x187,
  opcodeSts = 0x188,
  opcodeLdgsts = 0x1ae,
  opcodeUtmaldg = 0x1b4,
  opcodeUtmastg = 0x1b5,
  opcodeUblkcp = 0x1ba,
  opcodeHgmma = 0x1f0,
};

constexpr uint64_t instructionBytes = 16;

/// Of each block on chips from 9.0 on, counted as static shared memory.
constexpr uint64_t reservedSharedBytes = 1024;

Error invalid(const std::string &message) {
  return {
      ExitCode::BadData,          "image-invalid", "cubin " + message, {}, {},
      "compile the program again"};
}

/// Reads one file.
class CubinReader {
public:
  explicit CubinReader(std::span<const std::byte> image) : reader{image} {}
  Result<CubinInfo> run();

private:
  Status readHeader();
  Status readSections();
  Status readSection(const Elf64_Shdr &section, std::string_view name);
  Status readAttributes(const Elf64_Shdr &section, CubinKernel *kernel);
  void readKernelAttribute(uint8_t attribute, uint64_t at, uint64_t size,
                           CubinKernel &kernel);
  Status readSymbolAttribute(uint8_t attribute, uint64_t at, uint64_t size);
  void readCode(const Elf64_Shdr &section, CubinKernel &kernel);
  std::optional<std::string_view> symbolName(uint32_t number) const;
  Status spend(const Elf64_Shdr &section);
  /// The kernel of that name if its code was found, or null.
  CubinKernel *find(std::string_view name) {
    auto found = kernels.find(name);
    return found == kernels.end() ? nullptr : &found->second;
  }

  ElfReader reader;
  Elf64_Ehdr header = {};
  Elf64_Shdr symbols = {}, symbolNames = {};
  /// Bytes of contents that were read. Sections of a sound file do not overlap.
  uint64_t bytesRead = 0;
  CubinInfo info;
  std::map<std::string, CubinKernel, std::less<>> kernels;
};

/// The text at `offset` of a table of texts. Long ones are cut: no kernel of
/// ours is called so.
std::string_view textIn(const ElfReader &reader, const Elf64_Shdr &table,
                        uint64_t offset) {
  constexpr uint64_t longest = 1024;
  return reader.text(table.sh_offset + offset,
                     std::min(longest, table.sh_size - offset));
}

/// The rest of `name` behind `prefix`, if it begins so.
std::optional<std::string_view> behind(std::string_view name,
                                       std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() == prefix.size())
    return std::nullopt;
  return name.substr(prefix.size());
}

Status CubinReader::readHeader() {
  if (!reader.holds(0, 1, sizeof(Elf64_Ehdr)))
    return invalid("expects an ELF header, got " +
                   std::to_string(reader.bytes.size()) + " bytes");
  header = reader.read<Elf64_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != machineCuda)
    return invalid("expects a 64-bit ELF file for CUDA, got machine " +
                   std::to_string(header.e_machine));
  if (header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shstrndx >= header.e_shnum ||
      !reader.holds(header.e_shoff, header.e_shnum, sizeof(Elf64_Shdr)))
    return invalid("expects section headers inside the file");
  // CUDA 13 moved the chip's number from the first byte of the flags.
  constexpr unsigned char movedVersion = 8;
  info.chip = header.e_ident[EI_ABIVERSION] >= movedVersion
                  ? header.e_flags >> 8 & 0xff
                  : header.e_flags & 0xff;
  return {};
}

std::optional<std::string_view> CubinReader::symbolName(uint32_t number) const {
  if (number >= symbols.sh_size / sizeof(Elf64_Sym))
    return std::nullopt;
  auto symbol = reader.read<Elf64_Sym>(symbols.sh_offset, number);
  if (symbol.st_name >= symbolNames.sh_size)
    return std::nullopt;
  return textIn(reader, symbolNames, symbol.st_name);
}

/// Attributes of a kernel in a section of its own.
void CubinReader::readKernelAttribute(uint8_t attribute, uint64_t at,
                                      uint64_t size, CubinKernel &kernel) {
  bool threads =
      attribute == attributeMaxThreads || attribute == attributeRequiredThreads;
  if (!threads || size != 3 * sizeof(uint32_t))
    return;
  kernel.blockThreads = 1;
  constexpr uint64_t most = 1 << 20; // far above every chip's limit
  for (uint64_t i = 0; i < 3; ++i)
    kernel.blockThreads = std::min<uint64_t>(
        most, kernel.blockThreads *
                  std::min<uint64_t>(most, reader.read<uint32_t>(at, i)));
}

/// Attributes of all kernels in one section: pairs of a symbol and a number.
Status CubinReader::readSymbolAttribute(uint8_t attribute, uint64_t at,
                                        uint64_t size) {
  bool stack = attribute == attributeFrameSize ||
               attribute == attributeMinStackSize ||
               attribute == attributeMaxStackSize;
  if ((!stack && attribute != attributeRegisterCount) ||
      size != 2 * sizeof(uint32_t))
    return {};
  auto name = symbolName(reader.read<uint32_t>(at));
  if (!name)
    return invalid("expects attributes of symbols in its table");
  uint64_t value = reader.read<uint32_t>(at, 1);
  CubinKernel *kernel = find(*name);
  if (kernel && stack)
    kernel->stackBytes = std::max(kernel->stackBytes, value);
  else if (kernel)
    kernel->registers = value;
  return {};
}

Status CubinReader::readAttributes(const Elf64_Shdr &section,
                                   CubinKernel *kernel) {
  uint64_t at = section.sh_offset, end = at + section.sh_size;
  while (end - at >= sizeof(uint32_t)) {
    auto format = reader.read<uint8_t>(at),
         attribute = reader.read<uint8_t>(at, 1);
    auto size = reader.read<uint16_t>(at, 1);
    at += sizeof(uint32_t);
    if (format != formatSized)
      continue; // a number in the place of the size
    if (size > end - at)
      return invalid("expects attributes inside their section");
    if (kernel)
      readKernelAttribute(attribute, at, size, *kernel);
    else
      BCSSL_RETURN_IF_ERROR(readSymbolAttribute(attribute, at, size));
    at += size;
  }
  return {};
}

void CubinReader::readCode(const Elf64_Shdr &section, CubinKernel &kernel) {
  InstructionCounts &counts = kernel.instructions;
  uint64_t count = section.sh_size / instructionBytes;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = section.sh_offset + i * instructionBytes;
    auto low = reader.read<uint64_t>(at), high = reader.read<uint64_t>(at, 1);
    constexpr uint64_t wide = 6; // 16 bytes; 4 and 5 are 4 and 8 bytes
    bool isWide = (high >> 9 & 7) == wide;
    ++counts.all;
    switch (low & 0x1ff) {
    case opcodeHmma:
    case opcodeHgmma:
      ++counts.tensor;
      break;
    case opcodeFfma:
      ++counts.fma;
      break;
    case opcodeLdg:
    case opcodeLds:
      ++counts.loads;
      counts.wideLoads += isWide;
      break;
    case opcodeStg:
    case opcodeSts:
      ++counts.stores;
      counts.wideStores += isWide;
      break;
    case opcodeLdgsts:
    case opcodeUtmaldg:
    case opcodeUtmastg:
    case opcodeUblkcp:
      ++counts.asyncCopies;
      break;
    case opcodeLdl:
    case opcodeStl:
      ++counts.local;
      break;
    default:
      break;
    }
  }
}

Status CubinReader::spend(const Elf64_Shdr &section) {
  bytesRead += section.sh_size;
  if (bytesRead > reader.bytes.size())
    return invalid("expects sections that do not overlap");
  return {};
}

/// Reads what a section says of kernels, whose code has been found.
Status CubinReader::readSection(const Elf64_Shdr &section,
                                std::string_view name) {
  if (section.sh_type == SHT_NOBITS) { // zeros that are not in the file
    if (auto symbol = behind(name, ".nv.shared."))
      if (CubinKernel *kernel = find(*symbol))
        kernel->sharedBytes = section.sh_size;
    return {};
  }
  CubinKernel *kernel = nullptr;
  if (auto symbol = behind(name, ".nv.info."))
    kernel = find(*symbol);
  if (!kernel && name != ".nv.info")
    return {};
  BCSSL_RETURN_IF_ERROR(spend(section));
  return readAttributes(section, kernel);
}

Status CubinReader::readSections() {
  auto sectionAt = [&](uint64_t number) {
    return reader.read<Elf64_Shdr>(header.e_shoff, number);
  };
  auto isInside = [&](const Elf64_Shdr &section) {
    return reader.holds(section.sh_offset, section.sh_size, 1);
  };
  Elf64_Shdr names = sectionAt(header.e_shstrndx);
  if (!isInside(names))
    return invalid("expects the names of sections inside the file");
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section = sectionAt(i);
    if (section.sh_type != SHT_NOBITS && !isInside(section))
      return invalid("expects section " + std::to_string(i) +
                     " inside the file");
    if (section.sh_name >= names.sh_size)
      return invalid("expects names of sections inside their table");
    if (section.sh_type != SHT_SYMTAB)
      continue;
    symbols = section;
    if (section.sh_link >= header.e_shnum)
      return invalid("expects names of symbols");
    symbolNames = sectionAt(section.sh_link);
    if (!isInside(symbolNames))
      return invalid("expects the names of symbols inside the file");
  }
  auto nameOf = [&](const Elf64_Shdr &section) {
    return textIn(reader, names, section.sh_name);
  };
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section = sectionAt(i);
    auto symbol = behind(nameOf(section), ".text.");
    if (section.sh_type != SHT_PROGBITS || !symbol)
      continue;
    BCSSL_RETURN_IF_ERROR(spend(section));
    CubinKernel &kernel = kernels[std::string(*symbol)];
    kernel.symbol = *symbol;
    readCode(section, kernel);
  }
  for (uint64_t i = 0; i < header.e_shnum; ++i)
    BCSSL_RETURN_IF_ERROR(readSection(sectionAt(i), nameOf(sectionAt(i))));
  return {};
}

Result<CubinInfo> CubinReader::run() {
  BCSSL_RETURN_IF_ERROR(readHeader());
  BCSSL_RETURN_IF_ERROR(readSections());
  constexpr unsigned firstWithReserved = 90;
  for (auto &[name, kernel] : kernels) {
    if (info.chip >= firstWithReserved)
      kernel.sharedBytes -= std::min(kernel.sharedBytes, reservedSharedBytes);
    info.kernels.push_back(std::move(kernel));
  }
  return std::move(info);
}

} // namespace

Result<CubinInfo> readCubin(std::span<const std::byte> image) {
  return CubinReader(image).run();
}

} // namespace bcssl
