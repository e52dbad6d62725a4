//===- Contents.h - what a .bcx file holds ----------------------*- C++ -*-===//
//
// The tables of runtime/schema/Executable.fbs as plain values. The meaning of
// every field is told there. Everything behind Executable has been verified:
// indices exist, slots lie in their blocks, sizes do not overflow.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_CONTENTS_H
#define BCSSL_RUNTIME_EXECUTABLE_CONTENTS_H

#include "runtime/device/TensorMap.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bcssl {

enum class DataType : uint8_t { F32, BF16, I32, U8 };

/// Bytes of one element.
inline uint64_t sizeOf(DataType type) {
  static constexpr uint64_t sizes[] = {4, 2, 4, 1};
  return sizes[static_cast<int>(type)];
}

/// "f32", "bf16", "i32", "u8".
inline const char *nameOf(DataType type) {
  static constexpr const char *names[] = {"f32", "bf16", "i32", "u8"};
  return names[static_cast<int>(type)];
}

namespace artifact {

using Shape = std::vector<int64_t>;

/// The number of elements. Shapes of an Executable do not overflow.
inline uint64_t elementsOf(const Shape &shape) {
  uint64_t product = 1;
  for (int64_t size : shape)
    product *= static_cast<uint64_t>(size);
  return product;
}

enum class Initializer : uint8_t {
  Zeros,
  Ones,
  Constant,
  TruncNormal,
  Uniform,
  Copy
};

struct Variable {
  std::string name;
  DataType type = DataType::F32;
  Shape shape;
  Shape publishedShape;             ///< empty: the same as shape
  std::vector<int32_t> permutation; ///< as long as publishedShape
  Initializer initializer = Initializer::Zeros;
  double value = 0;
  std::string source;
  uint64_t offset = 0;

  uint64_t elements() const { return elementsOf(shape); }
  uint64_t bytes() const { return elements() * sizeOf(type); }
  /// The shape under which checkpoints keep it.
  const Shape &published() const {
    return permutation.empty() ? shape : publishedShape;
  }
};

enum class Space : uint8_t { Arena, State, Input, Output };

struct Slot {
  Space space = Space::Arena;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

struct Port {
  std::string name;
  DataType type = DataType::F32;
  Shape shape;
  uint64_t offset = 0;

  uint64_t elements() const { return elementsOf(shape); }
  uint64_t bytes() const { return elements() * sizeOf(type); }
};

struct Launch {
  uint32_t kernel = 0;
  std::vector<Slot> slots;
  uint64_t tiles = 0;
  uint64_t flops = 0;
  std::string name;
};

struct Move {
  std::vector<Slot> slots;
};

struct AllReduce {
  Slot slot;
  uint64_t elements = 0;
};

using Instruction = std::variant<Launch, Move, AllReduce>;

struct Program {
  std::string name;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<Instruction> instructions;
  uint64_t arenaBytes = 0;
  uint64_t inputBytes = 0;
  uint64_t outputBytes = 0;
};

struct Kernel {
  std::string symbol;
  uint32_t arguments = 0;
};

/// How a kernel starts on a GPU.
struct Geometry {
  uint64_t blocks = 0;
  uint32_t threads = 0;
  uint32_t sharedBytes = 0;

  bool operator==(const Geometry &) const = default;
};

struct KernelTensorMap {
  uint32_t kernel = 0;
  TensorMap map;

  bool operator==(const KernelTensorMap &) const = default;
};

/// How the kernels of all images of a GPU's target and format start.
struct LaunchTable {
  std::string target;
  std::string format;
  std::vector<Geometry> geometry;          ///< of every kernel
  std::vector<KernelTensorMap> tensorMaps; ///< by kernel

  /// Those of a kernel, in the order of its parameters.
  std::span<const KernelTensorMap> tensorMapsOf(uint32_t kernel) const {
    auto range = std::ranges::equal_range(tensorMaps, kernel, {},
                                          &KernelTensorMap::kernel);
    return {range.begin(), range.end()};
  }
};

struct Image {
  std::string target;
  std::string format;
  uint64_t hashLow = 0;
  uint64_t hashHigh = 0;
  std::span<const std::byte> bytes; ///< into the file

  bool isGpu() const { return target.starts_with("cuda:"); }
};

struct Contents {
  uint32_t major = 0;
  uint32_t minor = 0;
  std::vector<std::pair<std::string, std::string>> properties;
  std::vector<Variable> variables;
  uint64_t stateBytes = 0;
  std::vector<Program> programs;
  std::vector<Kernel> kernels;
  std::vector<Image> images;
  std::vector<LaunchTable> launchTables;

  /// Null for CPUs.
  const LaunchTable *launchTableOf(const Image &image) const {
    auto table =
        std::ranges::find_if(launchTables, [&](const LaunchTable &one) {
          return one.target == image.target && one.format == image.format;
        });
    return table == launchTables.end() ? nullptr : &*table;
  }
};

/// The images of one target and format: together they hold all kernels.
struct ImageGroup {
  const Image *first = nullptr;
  uint64_t parts = 0;
  uint64_t bytes = 0;
};

/// All groups, in the order of their first images.
inline std::vector<ImageGroup> groupsOf(const std::vector<Image> &images) {
  std::vector<ImageGroup> groups;
  for (const Image &image : images) {
    auto group = std::ranges::find_if(groups, [&](const ImageGroup &other) {
      return other.first->target == image.target &&
             other.first->format == image.format;
    });
    if (group == groups.end())
      group = groups.insert(group, {&image, 0, 0});
    group->parts += 1;
    group->bytes += image.bytes.size();
  }
  return groups;
}

} // namespace artifact
} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_CONTENTS_H
