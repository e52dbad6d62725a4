//===- LoopProducts.cpp - multiply-adds of loops in PTX -------------------===//

#include "passes/target/LoopProducts.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace bcssl {
namespace {

/// ".m16n8k16.row..." in multiply-adds; 0 for other text.
int64_t productsOfShape(StringRef text) {
  int64_t m, n, k;
  if (!text.consume_front(".m") || text.consumeInteger(10, m) ||
      !text.consume_front("n") || text.consumeInteger(10, n) ||
      !text.consume_front("k") || text.consumeInteger(10, k))
    return 0;
  return m * n * k;
}

/// Multiply-adds of one thread by an instruction.
struct Products {
  int64_t count = 0;
  bool isMatrix = false; ///< on tensor cores
};

Products productsOf(StringRef instruction) {
  constexpr int64_t warp = 32, warpGroup = 128;
  if (instruction.consume_front("mma.sync.aligned"))
    return {productsOfShape(instruction) / warp, true};
  if (instruction.consume_front("wgmma.mma_async.sync.aligned"))
    return {productsOfShape(instruction) / warpGroup, true};
  if (instruction.starts_with("fma.rn.f32x2"))
    return {2};
  return {instruction.starts_with("fma.rn.f32") ? 1 : 0};
}

/// The text of a kernel, line by line.
class KernelText {
public:
  void add(StringRef line);
  int64_t products() const;

private:
  struct Loop {
    size_t begin, end; ///< lines of its head and of the last branch to it
  };
  struct Product {
    size_t line;
    Products products;
  };

  size_t lines = 0;
  StringMap<size_t> labels;
  SmallVector<Loop> loops;
  SmallVector<Product> found;
  SmallVector<size_t> stores; ///< lines of those to global memory
};

void KernelText::add(StringRef line) {
  ++lines;
  constexpr StringRef blockLabel = "$L__BB";
  line = line.trim();
  if (line.starts_with(blockLabel)) {
    labels[line.take_until([](char letter) { return letter == ':'; })] = lines;
    return;
  }
  if (line.starts_with("@")) // a predicate
    line = line.drop_until([](char letter) { return isSpace(letter); }).ltrim();
  if (Products products = productsOf(line); products.count != 0) {
    found.push_back({lines, products});
    return;
  }
  if (line.starts_with("st.global")) {
    stores.push_back(lines);
    return;
  }
  if (!line.consume_front("bra"))
    return;
  line.consume_front(".uni");
  // Only what was met before is a branch back.
  auto head = labels.find(line.trim(" \t;"));
  if (head == labels.end())
    return;
  for (Loop &loop : loops)
    if (loop.begin == head->second) {
      loop.end = lines;
      return;
    }
  loops.push_back({head->second, lines});
}

int64_t KernelText::products() const {
  // Around the innermost loops stand turns that were taken out of them. Loops
  // that store are epilogues.
  auto isMain = [&](const Loop &loop) {
    return none_of(loops,
                   [&](const Loop &other) {
                     return loop.begin < other.begin && other.end <= loop.end;
                   }) &&
           none_of(stores, [&](size_t line) {
             return loop.begin <= line && line <= loop.end;
           });
  };
  bool hasMatrices = any_of(
      found, [](const Product &product) { return product.products.isMatrix; });
  int64_t mostOfMain = 0, mostOfOthers = 0;
  DenseMap<size_t, int64_t> sums; // by the loop's first line, 0 for none
  for (const Product &product : found) {
    if (product.products.isMatrix != hasMatrices)
      continue;
    const Loop *innermost = nullptr;
    for (const Loop &loop : loops)
      if (loop.begin <= product.line && product.line <= loop.end &&
          (!innermost || loop.begin > innermost->begin))
        innermost = &loop;
    int64_t &sum = sums[innermost ? innermost->begin : 0];
    sum += product.products.count;
    int64_t &most = innermost && isMain(*innermost) ? mostOfMain : mostOfOthers;
    most = std::max(most, sum);
  }
  return mostOfMain != 0 ? mostOfMain : mostOfOthers;
}

} // namespace

StringMap<int64_t> productsOfLoops(StringRef ptx) {
  StringMap<int64_t> result;
  StringRef name;
  KernelText kernel;
  auto finish = [&] {
    if (!name.empty())
      result[name] = kernel.products();
  };
  for (StringRef line : split(ptx, '\n')) {
    constexpr StringRef entry = ".entry ";
    if (size_t at = line.find(entry); at != StringRef::npos) {
      finish();
      name = line.drop_front(at + entry.size()).take_until([](char letter) {
        return letter == '(';
      });
      kernel = KernelText();
    } else {
      kernel.add(line);
    }
  }
  finish();
  return result;
}

} // namespace bcssl
