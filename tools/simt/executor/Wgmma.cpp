//===- Wgmma.cpp - products of a warpgroup --------------------------------===//
//
// Four warps multiply matrices of shared memory that 64-bit descriptors tell.
// The sums are there when the instruction returns, but the product is in flight
// until a thread waits for its group: operands that are written before, and
// uses of the sums before, are findings.
//
//===----------------------------------------------------------------------===//

#include "tools/simt/executor/Operations.h"
#include "tools/simt/executor/TensorMap.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <numeric>

namespace bcssl::simt {
namespace {

constexpr uint32_t rows = 64, depth = 16, groupThreads = 128;

/// A product's parameter: its columns, and whether elements are f16, not bf16.
constexpr uint64_t halves = 1 << 16;

/// Fields of a matrix descriptor, in bytes.
struct Descriptor {
  uint64_t start, leading, stride;
  unsigned swizzleBytes;
  bool isShifted; ///< by a base offset, which is not known here

  explicit Descriptor(uint64_t bits)
      : start((bits & 0x3fff) << 4), leading((bits >> 16 & 0x3fff) << 4),
        stride((bits >> 32 & 0x3fff) << 4),
        swizzleBytes(bits >> 62 ? 256u >> (bits >> 62) : 0),
        isShifted(bits >> 49 & 7) {}

  /// Where the eight elements (row, 8 * piece ...) lie, rows being those of a
  /// matrix whose depth is contiguous.
  uint64_t pieceOfRow(uint32_t row, uint32_t piece) const {
    uint64_t place = start + row / 8 * stride +
                     (swizzleBytes ? row % 8 * swizzleBytes + piece * 16
                                   : row % 8 * 16 + piece * leading);
    return swizzled(place, swizzleBytes);
  }

  /// The same of a matrix whose rows are contiguous: elements (8 * piece ...,
  /// k), for the swizzle of 128 bytes.
  uint64_t pieceOfDepth(uint32_t piece, uint32_t k) const {
    return swizzled(start + piece / 8 * leading + k / 8 * stride + k % 8 * 128 +
                        piece % 8 * 16,
                    swizzleBytes);
  }
};

/// Reads `count` rows of 16 elements; rows of B are its columns.
template <typename Row>
void readOperand(Thread &thread, Product &product, uint64_t bits,
                 bool isTransposed, uint64_t parameter, Row *values,
                 uint32_t count) {
  Block &block = *thread.block;
  Descriptor descriptor(bits);
  if (descriptor.isShifted || (isTransposed && descriptor.swizzleBytes != 128))
    return block.report(thread, FindingKind::BadOperand,
                        "expects a descriptor without base offset, and of the "
                        "128-byte swizzle where the depth is not contiguous");
  auto read = [&](uint64_t place, auto &&store) {
    const std::byte *piece = thread.shared + (place & (sharedCapacity - 1));
    uint16_t elements[8];
    std::memset(elements, 0xff, sizeof(elements));
    if (block.checkProductRead(thread, piece, product))
      std::memcpy(elements, piece, 16);
    for (uint32_t i = 0; i < 8; ++i)
      store(i, parameter & halves
                   ? static_cast<float>(std::bit_cast<_Float16>(elements[i]))
                   : std::bit_cast<float>(uint32_t{elements[i]} << 16));
  };
  if (isTransposed) {
    for (uint32_t k = 0; k < depth; ++k)
      for (uint32_t piece = 0; piece < count / 8; ++piece)
        read(descriptor.pieceOfDepth(piece, k), [&](uint32_t i, float value) {
          values[8 * piece + i][k] = value;
        });
  } else {
    for (uint32_t row = 0; row < count; ++row)
      for (uint32_t piece = 0; piece < depth / 8; ++piece)
        read(descriptor.pieceOfRow(row, piece), [&](uint32_t i, float value) {
          values[row][8 * piece + i] = value;
        });
  }
}

/// The product of one warpgroup's accumulators and operands.
void multiplyGroup(std::span<Thread *> group, uint64_t parameter) {
  auto columns = static_cast<uint32_t>(parameter & 0xffff);
  uint32_t sums = columns / 2;
  Thread &first = *group.front();
  const uint64_t *operands = first.operands + sums;
  for (Thread *thread : group)
    if (std::memcmp(thread->operands + sums, operands, 7 * sizeof(uint64_t)))
      first.block->report(*thread, FindingKind::Divergence,
                          "threads of a warpgroup have different operands");
  static thread_local float a[rows][depth], b[256][depth];
  auto flight = std::make_shared<Product>(first.site);
  if (first.block->isChecked()) {
    flight->author = first.block->clocks().beginProduct(first.warp / 4);
    flight->known = first.block->clocks().knownToGroup(first.warp / 4);
  }
  readOperand(first, *flight, operands[0], operands[5], parameter, a, rows);
  readOperand(first, *flight, operands[1], operands[6], parameter, b, columns);
  if (first.block->isChecked())
    for (Thread *thread : group)
      thread->products.push_back(flight);
  bool accumulates = operands[2];
  auto scale = static_cast<float>(static_cast<int32_t>(operands[3])) *
               static_cast<float>(static_cast<int32_t>(operands[4]));
  for (Thread *thread : group)
    for (uint32_t r = 0; r < sums; ++r) {
      uint32_t row = thread->warp % 4 * 16 + thread->lane / 4 + r / 2 % 2 * 8;
      uint32_t column = r / 4 * 8 + thread->lane % 4 * 2 + r % 2;
      float product = 0;
      for (uint32_t k = 0; k < depth; ++k)
        product += a[row][k] * b[column][k];
      float before =
          accumulates
              ? std::bit_cast<float>(static_cast<uint32_t>(thread->operands[r]))
              : 0;
      thread->results[r] = std::bit_cast<uint32_t>(before + scale * product);
    }
}

void joinGroup(Thread &thread, uint64_t *results, const uint64_t *operands,
               uint64_t parameter) {
  Block &block = *thread.block;
  if (block.isChecked() && !thread.hasProductFence)
    block.report(thread, FindingKind::MissingFence,
                 "expects wgmma.fence before the thread's first product");
  thread.hasProductFence = true;
  thread.results = results;
  thread.operands = operands;
  std::vector<Thread *> &group = block.warpgroup(thread.warp / 4);
  if (!group.empty() && group.front()->site != thread.site)
    block.report(thread, FindingKind::Divergence,
                 "threads of a warpgroup are at different products", nullptr,
                 group.front()->index);
  group.push_back(&thread);
  if (group.size() == groupThreads) {
    std::vector<Thread *> all;
    all.swap(group);
    multiplyGroup(all, parameter);
    block.wake(all);
  }
  block.wait(thread, "wgmma");
}

void fenceProducts(Thread &thread, uint64_t *, const uint64_t *, uint64_t) {
  thread.hasProductFence = true;
}

void fenceProxies(Thread &thread, uint64_t *, const uint64_t *, uint64_t) {
  thread.block->fenceProxies(thread);
}

void commitProducts(Thread &thread, uint64_t *, const uint64_t *, uint64_t) {
  auto committed = std::accumulate(thread.productGroups.begin(),
                                   thread.productGroups.end(), size_t{0});
  thread.productGroups.push_back(
      static_cast<uint32_t>(thread.products.size() - committed));
}

/// Waits until at most so many groups are in flight.
void waitForProducts(Thread &thread, uint64_t *, const uint64_t *operands,
                     uint64_t) {
  while (thread.productGroups.size() > operands[0]) {
    uint32_t size = thread.productGroups.front();
    thread.productGroups.erase(thread.productGroups.begin());
    for (uint32_t i = 0; i < size; ++i) {
      Product &product = *thread.products[i];
      if (!product.isDone)
        thread.block->finish(product);
      thread.block->clocks().awaitProduct(thread.warp, product.author);
    }
    thread.products.erase(thread.products.begin(),
                          thread.products.begin() + size);
  }
}

void useProduct(Thread &thread, uint64_t *, const uint64_t *, uint64_t) {
  Block &block = *thread.block;
  const Site &site = block.launch().kernel->sites[thread.site];
  for (const std::shared_ptr<Product> &product : thread.products)
    if (std::ranges::find(site.products, product->site) != site.products.end())
      return block.report(thread, FindingKind::MissingWait,
                          "uses a product of matrices that may not be there "
                          "yet: expects wgmma.wait_group before");
}

} // namespace

const Operation productUse = {useProduct, 0};

void addProducts(OperationTable &table) {
  const std::string prefix = "llvm.nvvm.";
  table[prefix + "wgmma.fence.sync.aligned"] = {fenceProducts};
  table[prefix + "wgmma.commit_group.sync.aligned"] = {commitProducts};
  table[prefix + "wgmma.wait_group.sync.aligned"] = {waitForProducts};
  for (const char *space : {"", ".shared_cta", ".shared_cluster", ".global"})
    table[prefix + "fence.proxy.async" + space] = {fenceProxies};
}

std::optional<Assembly> findProduct(std::string_view text,
                                    size_t operandCount) {
  constexpr std::string_view head = "wgmma.mma_async.sync.aligned.m64n";
  size_t place = text.find(head);
  if (place == text.npos)
    return std::nullopt;
  text.remove_prefix(place + head.size());
  uint64_t columns = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), columns);
  text.remove_prefix(end - text.data());
  // Accumulators, two descriptors, five numbers: the first operand is not in
  // registers.
  if (error != std::errc() || columns == 0 || columns > 256 ||
      columns % 8 != 0 || operandCount != columns / 2 + 7)
    return std::nullopt;
  if (text.starts_with("k16.f32.bf16.bf16"))
    return Assembly{"wgmma", {joinGroup, columns}, true};
  if (text.starts_with("k16.f32.f16.f16"))
    return Assembly{"wgmma", {joinGroup, columns | halves}, true};
  return std::nullopt;
}

} // namespace bcssl::simt
