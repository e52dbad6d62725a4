//===- VerifyTest.cpp - files that are wrong in one way -------------------===//

#include "runtime/executable/Executable.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

using namespace bcssl;
using namespace bcssl::artifact;

namespace {

/// Some bytes in place of machine code: nothing runs here.
const std::vector<std::byte> someImage(100, std::byte{7});

struct BadFile {
  const char *name;
  const char *id;
  const char *message; ///< a part of it
  std::function<void(Contents &)> damage;
};

Launch &launch(Contents &contents, size_t instruction) {
  return std::get<Launch>(contents.programs[0].instructions[instruction]);
}
Move &move(Contents &contents, size_t instruction) {
  return std::get<Move>(contents.programs[0].instructions[instruction]);
}
AllReduce &allReduce(Contents &contents) {
  return std::get<AllReduce>(contents.programs[0].instructions[3]);
}

const char *const Variables = "executable-variable";
const char *const Programs = "executable-program";
const char *const Kernels = "executable-kernel";
const char *const Images = "executable-image";

const BadFile badFiles[] = {
    {"major version", "executable-version", "got 2.1",
     [](Contents &c) { c.major = 2; }},
    {"data type", "executable-structure", "data type, got number 4",
     [](Contents &c) { c.variables[0].type = static_cast<DataType>(4); }},
    {"initializer", "executable-structure", "initializer, got number 99",
     [](Contents &c) {
       c.variables[0].initializer = static_cast<Initializer>(99);
     }},
    {"space", "executable-structure", "memory space, got number 4",
     [](Contents &c) { launch(c, 1).slots[0].space = static_cast<Space>(4); }},
    {"port type", "executable-structure", "data type, got number 200",
     [](Contents &c) {
       c.programs[0].inputs[0].type = static_cast<DataType>(200);
     }},
    {"property key twice", "executable-limits", "\"model\" twice",
     [](Contents &c) { c.properties.push_back({"model", "x"}); }},
    {"property key empty", "executable-limits", "got 0",
     [](Contents &c) { c.properties[0].first = ""; }},
    {"property value", "executable-limits", "zero byte",
     [](Contents &c) { c.properties[0].second = std::string("a\0b", 3); }},

    {"variable name empty", Variables, "got 0",
     [](Contents &c) { c.variables[1].name = ""; }},
    {"variable name long", Variables, "got 600",
     [](Contents &c) { c.variables[1].name = std::string(600, 'x'); }},
    {"variable name control", Variables, "got byte 27",
     [](Contents &c) { c.variables[1].name = "\x1b[2J"; }},
    {"variable name twice", Variables, "twice",
     [](Contents &c) { c.variables[3].name = "w"; }},
    {"rank", Variables, "at most 8 dimensions, got 9",
     [](Contents &c) { c.variables[0].shape = Shape(9, 1); }},
    {"dimension 0", Variables, "at least 1, got 0",
     [](Contents &c) { c.variables[0].shape = {64, 0}; }},
    {"dimension negative", Variables, "got -64",
     [](Contents &c) { c.variables[0].shape = {-64}; }},
    {"shape overflow", Variables, "got more",
     [](Contents &c) {
       c.variables[0].shape = {4194305, 4194305, 211106198978564};
     }},
    {"shape wraps to small", Variables, "got more",
     [](Contents &c) {
       c.variables[0].shape = {int64_t{1} << 32, int64_t{1} << 30, 16};
     }},
    {"variable offset unaligned", Variables, "multiple of 64, got 260",
     [](Contents &c) { c.variables[1].offset = 260; }},
    {"variable past the state", Variables, "at 704",
     [](Contents &c) { c.variables[5].offset = 704; }},
    {"variable offset wraps", Variables, "to end inside",
     [](Contents &c) { c.variables[5].offset = ~uint64_t{0} << 6; }},
    {"variables overlap", Variables, "one of \"w\" and \"gamma\"",
     [](Contents &c) { c.variables[3].offset = 192; }},
    {"state too large", Variables, "expects state",
     [](Contents &c) { c.stateBytes = uint64_t{1} << 60; }},
    {"state too small", Variables, "to end inside",
     [](Contents &c) { c.stateBytes = 128; }},
    {"permutation length", Variables, "permutation of 4 dimensions, got 3",
     [](Contents &c) { c.variables[1].permutation.pop_back(); }},
    {"permutation without shape", Variables, "permutation of 0",
     [](Contents &c) { c.variables[0].permutation = {0}; }},
    {"permutation range", Variables, "got 3",
     [](Contents &c) { c.variables[1].permutation[0] = 3; }},
    {"permutation negative", Variables, "got -2",
     [](Contents &c) { c.variables[1].permutation[1] = -2; }},
    {"permutation repeats", Variables, "0 twice",
     [](Contents &c) {
       c.variables[1].shape = {3, 3, 5};
       c.variables[1].publishedShape = {5, 1, 3, 3};
       c.variables[1].permutation = {2, -1, 0, 0};
     }},
    {"permutation leaves out", Variables, "dimension 1 in the permutation",
     [](Contents &c) {
       c.variables[1].publishedShape = {5, 1, 3};
       c.variables[1].permutation = {2, -1, 0};
     }},
    {"published size", Variables, "dimension 0 to be 5, got 6",
     [](Contents &c) { c.variables[1].publishedShape[0] = 6; }},
    {"published extra dimension", Variables, "dimension 1 to be 1, got 2",
     [](Contents &c) { c.variables[1].publishedShape[1] = 2; }},
    {"copy without source", Variables, "to copy before it",
     [](Contents &c) { c.variables[2].source = "nothing"; }},
    {"copy of a later variable", Variables, "to copy before it",
     [](Contents &c) { c.variables[2].source = "gamma"; }},
    {"copy of itself", Variables, "to copy before it",
     [](Contents &c) { c.variables[2].source = "ema.filter"; }},
    {"copy of another shape", Variables, "type and shape of \"w\"",
     [](Contents &c) { c.variables[2].source = "w"; }},
    {"source without copy", Variables, "only for a copy",
     [](Contents &c) { c.variables[3].source = "w"; }},
    {"value not finite", Variables, "finite",
     [](Contents &c) { c.variables[1].value = NAN; }},
    {"bytes as a variable", Variables, "expects f32, bf16 or i32, got u8",
     [](Contents &c) { c.variables[0].type = DataType::U8; }},
    {"deviation negative", Variables, "at least 0",
     [](Contents &c) { c.variables[1].value = -1; }},
    {"random integer", Variables, "floating-point type",
     [](Contents &c) { c.variables[5].initializer = Initializer::Uniform; }},
    {"constant no integer", Variables, "whole number",
     [](Contents &c) {
       c.variables[5].initializer = Initializer::Constant;
       c.variables[5].value = 1e10;
     }},

    {"kernel symbol", Kernels, "expects a symbol",
     [](Contents &c) { c.kernels[0].symbol = "a b"; }},
    {"kernel symbol twice", Kernels, "\"total\" twice",
     [](Contents &c) { c.kernels[0].symbol = "total"; }},
    {"kernel arguments", Kernels, "at most 65536",
     [](Contents &c) { c.kernels[0].arguments = 65'537; }},
    {"image format", Images, "elf, cubin, ptx or bitcode",
     [](Contents &c) { c.images[0].format = "coff"; }},
    {"image target empty", Images, "got 0",
     [](Contents &c) { c.images[0].target = ""; }},
    {"image target twice", Images, "twice",
     [](Contents &c) { c.images.push_back(c.images[0]); }},
    {"image empty", Images, "got 0 bytes",
     [](Contents &c) { c.images[0].bytes = {}; }},

    {"image for another kind of device", Images, "elf for CPUs",
     [](Contents &c) { c.images[0].target = "cuda:sm_80"; }},
    {"geometry for a CPU", Images, "expects images for a GPU",
     [](Contents &c) { c.launchTables = {{"cpu:x86-64-v3", "elf", {}, {}}}; }},
    {"geometry for a CPU in its image", Images, "expects images for a GPU",
     [](Contents &c) {
       c.minor = 0;
       c.launchTables = {{"", "", std::vector<Geometry>(4), {}}};
     }},

    {"no program", Programs, "got none",
     [](Contents &c) { c.programs.clear(); }},
    {"program name twice", Programs, "\"step\" twice",
     [](Contents &c) { c.programs[1].name = "step"; }},
    {"program name", Programs, "got byte 10",
     [](Contents &c) { c.programs[0].name = "a\nb"; }},
    {"arena too large", Programs, "expects blocks",
     [](Contents &c) { c.programs[0].arenaBytes = ~uint64_t{0}; }},
    {"port name twice", Programs, "\"x\": expects unique",
     [](Contents &c) { c.programs[0].inputs[1].name = "x"; }},
    {"port unaligned", Programs, "multiple of 64, got 4",
     [](Contents &c) { c.programs[0].outputs[0].offset = 4; }},
    {"port outside", Programs, "to end inside",
     [](Contents &c) { c.programs[0].inputs[0].shape = {1041}; }},
    {"ports overlap", Programs, "one of \"x\" and \"rate\"",
     [](Contents &c) { c.programs[0].inputs[1].offset = 64; }},
    {"kernel number", Programs, "instruction 1: expects one of 4 kernels",
     [](Contents &c) { launch(c, 1).kernel = 4; }},
    {"too few slots", Programs, "2 slots for kernel partial_sums, got 1",
     [](Contents &c) { launch(c, 1).slots.pop_back(); }},
    {"no tiles", Programs, "tiles, got 0",
     [](Contents &c) { launch(c, 1).tiles = 0; }},
    {"too many tiles", Programs, "tiles, got 4294967297",
     [](Contents &c) { launch(c, 1).tiles = (uint64_t{1} << 32) + 1; }},
    {"launch name", Programs, "got byte 9",
     [](Contents &c) { launch(c, 1).name = "\t"; }},
    {"slot empty", Programs, "got 0 bytes",
     [](Contents &c) { launch(c, 1).slots[0].bytes = 0; }},
    {"slot unaligned", Programs, "multiple of 4, got 2",
     [](Contents &c) { launch(c, 1).slots[0] = {Space::Input, 2, 4}; }},
    {"slot past the arena", Programs, "256 bytes at 4",
     [](Contents &c) { launch(c, 1).slots[1].offset = 4; }},
    {"slot offset wraps", Programs, "slot 1 expects",
     [](Contents &c) { launch(c, 1).slots[1].offset = ~uint64_t{0} - 3; }},
    {"slot size wraps", Programs, "slot 1 expects",
     [](Contents &c) { launch(c, 1).slots[1].bytes = ~uint64_t{0} - 3; }},
    {"move of nothing", Programs, "1 or 2 slots, got 0",
     [](Contents &c) { move(c, 0).slots.clear(); }},
    {"move of three", Programs, "1 or 2 slots, got 3",
     [](Contents &c) { move(c, 0).slots.assign(3, {Space::Arena, 0, 4}); }},
    {"copy of unequal sizes", Programs, "256 and 128",
     [](Contents &c) { move(c, 6).slots[1].bytes = 128; }},
    {"copy onto itself", Programs, "do not overlap",
     [](Contents &c) {
       move(c, 6).slots = {{Space::State, 0, 128}, {Space::State, 124, 128}};
     }},
    {"move to inputs", Programs, "not to write inputs",
     [](Contents &c) { move(c, 6).slots[1] = {Space::Input, 0, 256}; }},
    {"sum over ranks of inputs", Programs, "not to write inputs",
     [](Contents &c) { allReduce(c).slot.space = Space::Input; }},
    {"sum over ranks of other size", Programs, "1 elements, got 2",
     [](Contents &c) { allReduce(c).elements = 2; }},
    {"sum over ranks of half an element", Programs, "1 elements, got 1",
     [](Contents &c) { allReduce(c).slot.bytes = 6; }},
};

const BadFile badGpuFiles[] = {
    {"no launch table", Images, "(cubin), got none",
     [](Contents &c) { c.launchTables.clear(); }},
    {"a launch table of another format", Images, "\"cuda:sm_90a\" (ptx)",
     [](Contents &c) { c.launchTables[0].format = "ptx"; }},
    {"two launch tables", Images, "got two",
     [](Contents &c) { c.launchTables.push_back(c.launchTables[0]); }},
    {"no geometry", Images, "geometry of 5 kernels, got 0",
     [](Contents &c) { c.launchTables[0].geometry.clear(); }},
    {"geometry of other kernels", Images, "geometry of 5 kernels, got 6",
     [](Contents &c) { c.launchTables[0].geometry.resize(6); }},
    {"no blocks", Images, "kernel total: expects 1 to 2147483647 blocks, got 0",
     [](Contents &c) { c.launchTables[0].geometry[2].blocks = 0; }},
    {"too many blocks", Images, "blocks, got 2147483648",
     [](Contents &c) {
       c.launchTables[0].geometry[2].blocks = uint64_t{1} << 31;
     }},
    {"blocks wrap", Images, "blocks, got 4294967297",
     [](Contents &c) {
       c.launchTables[0].geometry[2].blocks = (uint64_t{1} << 32) + 1;
     }},
    {"no threads", Images, "1 to 1024 threads, got 0",
     [](Contents &c) { c.launchTables[0].geometry[0].threads = 0; }},
    {"too many threads", Images, "1 to 1024 threads, got 1025",
     [](Contents &c) { c.launchTables[0].geometry[0].threads = 1025; }},
    {"too much shared memory", Images, "232448 bytes of shared memory, got",
     [](Contents &c) { c.launchTables[0].geometry[4].sharedBytes = 232'449; }},
    {"parts that disagree", Images, "geometry of the image before",
     [](Contents &c) {
       c.minor = 0;
       c.images.push_back(c.images[0]);
       c.launchTables.push_back(c.launchTables[0]);
       c.launchTables[1].geometry[0].threads = 32;
     }},
    {"machine code of a CPU", Images, "elf for CPUs",
     [](Contents &c) { c.images[0].format = "elf"; }},
};

TensorMap &tensorMap(Contents &contents) {
  return contents.launchTables[0].tensorMaps[0].map;
}

const BadFile badTensorMaps[] = {
    {"of no kernel", Images, "got number 1 of kernel 5",
     [](Contents &c) { c.launchTables[0].tensorMaps[0].kernel = 5; }},
    {"of no argument", Images, "got number 2 of kernel 0",
     [](Contents &c) { tensorMap(c).argument = 2; }},
    {"in another order", Images, "in the order of kernels",
     [](Contents &c) {
       c.launchTables[0].tensorMaps.insert(c.launchTables[0].tensorMaps.begin(),
                                           {1, tensorMap(c)});
     }},
    {"too many", Images, "at most 16 tensor maps",
     [](Contents &c) {
       c.launchTables[0].tensorMaps.resize(17, someTensorMap());
     }},
    {"no dimension", Images, "1 to 5 dimensions, got 0",
     [](Contents &c) { tensorMap(c).rank = 0; }},
    {"six dimensions", Images, "1 to 5 dimensions, got 6",
     [](Contents &c) { tensorMap(c).rank = 6; }},
    {"elements of three bytes", Images, "8 bytes, got 3",
     [](Contents &c) { tensorMap(c).elementBytes = 3; }},
    {"an unknown swizzle", Images, "128 bytes, got 16",
     [](Contents &c) { tensorMap(c).swizzleBytes = 16; }},
    {"no elements", Images, "4294967296, got 0",
     [](Contents &c) { tensorMap(c).sizes[1] = 0; }},
    {"too many elements", Images, "4294967296, got 4294967297",
     [](Contents &c) { tensorMap(c).sizes[0] = (uint64_t{1} << 32) + 1; }},
    {"an empty box", Images, "in each dimension, got 0",
     [](Contents &c) { tensorMap(c).box[1] = 0; }},
    {"too large a box", Images, "in each dimension, got 257",
     [](Contents &c) { tensorMap(c).box[1] = 257; }},
    {"a stride of half a piece", Images, "1099511627775, got 136",
     [](Contents &c) { tensorMap(c).strides[0] = 136; }},
    {"no stride", Images, "1099511627775, got 0",
     [](Contents &c) { tensorMap(c).strides[0] = 0; }},
    {"too large a stride", Images, "1099511627775, got 1099511627776",
     [](Contents &c) { tensorMap(c).strides[0] = uint64_t{1} << 40; }},
    {"a row of a box of half a piece", Images, "swizzle, got 72",
     [](Contents &c) { tensorMap(c).box[0] = 18; }},
    {"a row of a box beyond the swizzle", Images, "swizzle, got 80",
     [](Contents &c) { tensorMap(c).box[0] = 20; }},
    {"larger than its slot", Programs, "expects a tensor of 4112 bytes",
     [](Contents &c) { tensorMap(c).sizes[0] = 36; }},
    {"larger than any slot", Programs, "expects a tensor of 184467440737095516",
     [](Contents &c) {
       tensorMap(c).sizes[1] = uint64_t{1} << 32;
       tensorMap(c).strides[0] = (uint64_t{1} << 40) - 16;
     }},
    {"a slot between pieces", Programs, "multiple of 16 for its tensor map",
     [](Contents &c) { launch(c, 5).slots[1].offset = 72; }},
};

/// Each file of a list is wrong in one way.
void expectRefused(const Contents &good, std::span<const BadFile> files) {
  for (const BadFile &bad : files) {
    SCOPED_TRACE(bad.name);
    Contents contents = good;
    bad.damage(contents);
    auto file = Executable::parse(encode(contents), "bad.bcx");
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().id, bad.id);
    EXPECT_NE(file.error().message.find(bad.message), std::string::npos)
        << file.error().text();
    EXPECT_EQ(file.error().file, "bad.bcx");
    EXPECT_EQ(file.error().code, ExitCode::BadData);
  }
}

TEST(VerifyTest, GoodFilePasses) {
  auto file = Executable::parse(encode(goodContents(someImage)), "good.bcx");
  EXPECT_TRUE(file.ok()) << file.error().text();
}

TEST(VerifyTest, NewerMinorVersionPasses) {
  Contents contents = goodContents(someImage);
  contents.minor = 77;
  EXPECT_TRUE(Executable::parse(encode(contents), "good.bcx").ok());
}

TEST(VerifyTest, EveryBadFileIsRefusedWithItsReason) {
  static_assert(std::size(badFiles) >= 40);
  expectRefused(goodContents(someImage), badFiles);
}

TEST(VerifyTest, GpuFilesMayHaveSeveralImagesOfATarget) {
  Contents contents = gpuContents(someImage, "cuda:sm_90a", "cubin");
  contents.images.push_back(contents.images[0]);
  contents.images.push_back(contents.images[0]);
  contents.images[2].format = "ptx";
  contents.launchTables.push_back(contents.launchTables[0]);
  contents.launchTables[1].format = "ptx";
  contents.launchTables[1].geometry[0].threads = 64;
  contents.launchTables[0].tensorMaps.push_back(someTensorMap());
  auto file = Executable::parse(encode(contents), "good.bcx");
  ASSERT_TRUE(file.ok()) << file.error().text();
  const Contents &read = (*file)->contents();
  for (size_t i : {0, 1, 2}) {
    const LaunchTable *table = read.launchTableOf(read.images[i]);
    ASSERT_NE(table, nullptr);
    const LaunchTable &written = contents.launchTables[i / 2];
    EXPECT_EQ(table->geometry, written.geometry);
    EXPECT_EQ(table->tensorMaps, written.tensorMaps);
    EXPECT_EQ(table->tensorMapsOf(0).size(), i / 2 == 0 ? 1u : 0u);
    EXPECT_TRUE(table->tensorMapsOf(1).empty());
  }
}

TEST(VerifyTest, GpuFilesOfMinorVersionZeroPass) {
  Contents contents = gpuContents(someImage, "cuda:sm_90a", "cubin");
  contents.minor = 0;
  contents.images.push_back(contents.images[0]);
  auto file = Executable::parse(encode(contents), "good.bcx");
  ASSERT_TRUE(file.ok()) << file.error().text();
  const Contents &read = (*file)->contents();
  ASSERT_EQ(read.launchTables.size(), 1u);
  EXPECT_EQ(read.launchTableOf(read.images[1])->geometry,
            contents.launchTables[0].geometry);
}

TEST(VerifyTest, EveryBadGpuFileIsRefusedWithItsReason) {
  expectRefused(gpuContents(someImage, "cuda:sm_90a", "cubin"), badGpuFiles);
}

TEST(VerifyTest, EveryBadTensorMapIsRefusedWithItsReason) {
  Contents contents = gpuContents(someImage, "cuda:sm_90a", "cubin");
  contents.launchTables[0].tensorMaps.push_back(someTensorMap());
  expectRefused(contents, badTensorMaps);
}

TEST(VerifyTest, DamagedMachineCodeIsRefused) {
  Contents contents = goodContents(someImage);
  contents.images[0].hashLow = 1;
  auto file = Executable::parse(encode(contents, /*keepHashes=*/true), "f");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().id, "executable-hash");
}

} // namespace
