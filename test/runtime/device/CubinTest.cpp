//===- CubinTest.cpp ------------------------------------------------------===//
//
// Files made here in the form of NVIDIA's; what ptxas itself writes is read in
// test/tools/bcssl-compile-cuda.test.
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/Cubin.h"
#include "runtime/base/Philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <elf.h>

using namespace bcssl;

namespace {

using Bytes = std::vector<std::byte>;

template <typename T> void append(Bytes &bytes, T value) {
  size_t at = bytes.size();
  bytes.resize(at + sizeof(T));
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

/// An instruction of which only opcode and width of access matter.
void appendInstruction(Bytes &code, uint64_t opcode, uint64_t width = 0) {
  append<uint64_t>(code, opcode | 0xabcd'0000);
  append<uint64_t>(code, width << 9 | uint64_t{1} << 45);
}

/// An attribute whose value stands behind it.
void appendAttribute(Bytes &info, uint8_t attribute,
                     std::initializer_list<uint32_t> values) {
  append<uint8_t>(info, 4);
  append<uint8_t>(info, attribute);
  append<uint16_t>(info, static_cast<uint16_t>(4 * values.size()));
  for (uint32_t value : values)
    append(info, value);
}

struct Section {
  std::string name;
  uint32_t type = SHT_PROGBITS;
  Bytes content = {};
  uint64_t size = 0; ///< of SHT_NOBITS
  uint32_t link = 0;
};

/// Sections 1 and 2 are the names of sections and of symbols.
Bytes elfFile(std::vector<Section> sections, uint32_t flags, uint8_t version) {
  Bytes names(1);
  Bytes file(sizeof(Elf64_Ehdr));
  std::vector<Elf64_Shdr> headers(1);
  auto add = [&](const Section &section, const Bytes &content) {
    Elf64_Shdr header = {};
    header.sh_type = section.type;
    header.sh_link = section.link;
    header.sh_offset = file.size();
    header.sh_size = section.type == SHT_NOBITS ? section.size : content.size();
    file.insert(file.end(), content.begin(), content.end());
    headers.push_back(header);
  };
  std::vector<uint32_t> nameOffsets{0};
  sections.insert(sections.begin(), {".shstrtab", SHT_STRTAB});
  for (const Section &section : sections) {
    nameOffsets.push_back(static_cast<uint32_t>(names.size()));
    for (char letter : section.name)
      names.push_back(static_cast<std::byte>(letter));
    names.push_back({});
  }
  for (const Section &section : sections)
    add(section, &section == &sections[0] ? names : section.content);
  file.resize((file.size() + 7) / 8 * 8);
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_ABIVERSION] = version;
  header.e_machine = 190;
  header.e_flags = flags;
  header.e_shoff = file.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<uint16_t>(headers.size());
  header.e_shstrndx = 1;
  for (size_t i = 0; i < headers.size(); ++i) {
    headers[i].sh_name = nameOffsets[i];
    append(file, headers[i]);
  }
  std::memcpy(file.data(), &header, sizeof(header));
  return file;
}

/// Kernels `copy` and `spill`.
Bytes cubin(uint32_t flags = 0x5a04, uint8_t version = 8) {
  Section names{".strtab", SHT_STRTAB};
  for (char letter : std::string("\0copy\0spill\0", 12))
    names.content.push_back(static_cast<std::byte>(letter));
  Section symbols{".symtab", SHT_SYMTAB};
  symbols.link = 2;
  for (uint32_t name : {0, 1, 6}) {
    Elf64_Sym symbol = {};
    symbol.st_name = name;
    append(symbols.content, symbol);
  }
  Section info{".nv.info"};
  append<uint32_t>(info.content, 0x0001'3703); // a value in place
  appendAttribute(info.content, 0x2f, {1, 40});
  appendAttribute(info.content, 0x11, {1, 0});
  appendAttribute(info.content, 0x2f, {2, 24});
  appendAttribute(info.content, 0x12, {2, 368});
  Section ofCopy{".nv.info.copy"};
  appendAttribute(ofCopy.content, 0x10, {64, 2, 1});
  Section copy{".text.copy"}, spill{".text.spill"};
  appendInstruction(copy.content, 0x7981, 6); // LDG.128
  appendInstruction(copy.content, 0x981, 4);  // LDG
  appendInstruction(copy.content, 0x388, 6);  // STS.128
  appendInstruction(copy.content, 0x984, 5);  // LDS.64
  appendInstruction(copy.content, 0xfae);     // LDGSTS
  appendInstruction(copy.content, 0x5b4);     // UTMALDG
  appendInstruction(copy.content, 0x3b5);     // UTMASTG
  appendInstruction(copy.content, 0x3ba);     // UBLKCP
  appendInstruction(copy.content, 0x223);     // FFMA, three registers
  appendInstruction(copy.content, 0x823);     // FFMA, a number
  appendInstruction(copy.content, 0x23c);     // HMMA
  appendInstruction(copy.content, 0x9f0);     // HGMMA
  appendInstruction(copy.content, 0x986, 6);  // STG.128
  appendInstruction(spill.content, 0x387, 6); // STL.128
  appendInstruction(spill.content, 0x983, 4); // LDL
  appendInstruction(spill.content, 0x94d);    // EXIT
  return elfFile({names,
                  symbols,
                  info,
                  ofCopy,
                  copy,
                  spill,
                  {".nv.shared.copy", SHT_NOBITS, {}, 1024 + 144},
                  {".nv.shared.reserved.0", SHT_NOBITS, {}, 77}},
                 flags, version);
}

std::string problem(const Bytes &image) {
  auto info = readCubin(image);
  if (info.ok())
    return "";
  EXPECT_EQ(info.error().id, "image-invalid");
  EXPECT_EQ(info.error().code, ExitCode::BadData);
  return info.error().message;
}

TEST(CubinTest, ReadsKernels) {
  auto info = readCubin(cubin());
  ASSERT_TRUE(info.ok()) << info.error().text();
  EXPECT_EQ(info->chip, 90u);
  ASSERT_EQ(info->kernels.size(), 2u);
  const CubinKernel &copy = info->kernels[0], &spill = info->kernels[1];
  EXPECT_EQ(copy.symbol, "copy");
  EXPECT_EQ(copy.registers, 40u);
  EXPECT_EQ(copy.stackBytes, 0u);
  EXPECT_EQ(copy.sharedBytes, 144u);
  EXPECT_EQ(copy.blockThreads, 128u);
  EXPECT_EQ(copy.instructions.all, 13u);
  EXPECT_EQ(copy.instructions.tensor, 2u);
  EXPECT_EQ(copy.instructions.fma, 2u);
  EXPECT_EQ(copy.instructions.loads, 3u);
  EXPECT_EQ(copy.instructions.wideLoads, 1u);
  EXPECT_EQ(copy.instructions.stores, 2u);
  EXPECT_EQ(copy.instructions.wideStores, 2u);
  EXPECT_EQ(copy.instructions.asyncCopies, 4u);
  EXPECT_EQ(copy.instructions.local, 0u);
  EXPECT_EQ(spill.symbol, "spill");
  EXPECT_EQ(spill.registers, 24u);
  EXPECT_EQ(spill.stackBytes, 368u);
  EXPECT_EQ(spill.blockThreads, 0u);
  EXPECT_EQ(spill.instructions.local, 2u);
}

// Versions of the format write the chip to different places; no shared memory
// is reserved before 9.0.
TEST(CubinTest, OlderFormAndChip) {
  auto info = readCubin(cubin(0x0050'0550, 7));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->chip, 80u);
  EXPECT_EQ(info->kernels[0].sharedBytes, 1024u + 144u);
}

TEST(CubinTest, RefusesWhatIsNoCubin) {
  EXPECT_NE(problem(Bytes(10)), "");
  Bytes other = cubin();
  other[18] = std::byte{62}; // e_machine of x86-64
  EXPECT_NE(problem(other).find("machine 62"), std::string::npos);
  Bytes cut = cubin();
  cut.resize(cut.size() - 1);
  EXPECT_NE(problem(cut).find("section headers"), std::string::npos);
}

// Many sections that are the same bytes must not be read again and again.
TEST(CubinTest, RefusesSectionsThatOverlap) {
  Bytes file = cubin();
  auto *header = reinterpret_cast<Elf64_Ehdr *>(file.data());
  auto *sections =
      reinterpret_cast<Elf64_Shdr *>(file.data() + header->e_shoff);
  for (int i = 0; i < header->e_shnum; ++i)
    if (sections[i].sh_type == SHT_PROGBITS) {
      sections[i].sh_offset = 0;
      sections[i].sh_size = file.size();
    }
  EXPECT_NE(problem(file).find("overlap"), std::string::npos);
}

/// BCSSL_MUTANTS, at least 500.
int mutantCount() {
  const char *text = std::getenv("BCSSL_MUTANTS");
  return text ? std::max(std::atoi(text), 500) : 500;
}

TEST(CubinTest, MutantsAreReadOrRefused) {
  Bytes sound = cubin();
  int refused = 0;
  for (int number = 0; number < mutantCount() * 2; ++number) {
    Philox random(4711, 0, static_cast<uint32_t>(number));
    Bytes mutant = sound;
    for (uint32_t changes = 1 + random.bits() % 4; changes > 0; --changes) {
      static constexpr uint8_t extremes[] = {0, 1, 0x7f, 0x80, 0xff};
      size_t at = random.bits() % mutant.size();
      mutant[at] = static_cast<std::byte>(
          random.bits() % 2 ? extremes[random.bits() % 5] : random.bits());
      if (random.bits() % 16 == 0)
        mutant.resize(1 + random.bits() % mutant.size());
    }
    auto info = readCubin(mutant);
    refused += !info.ok();
    if (!info.ok()) {
      EXPECT_EQ(info.error().id, "image-invalid");
      continue;
    }
    EXPECT_LE(info->kernels.size(), 10u);
    for (const CubinKernel &kernel : info->kernels)
      EXPECT_LE(kernel.instructions.all * 16, mutant.size());
  }
  EXPECT_GT(refused, 0);
}

} // namespace
