//===- MBarrier.cpp - barriers that are words of shared memory ------------===//

#include "tools/simt/executor/MBarrier.h"

#include <cstring>

namespace bcssl::simt {
namespace {

/// The word, whose layout no program may know.
struct Word {
  uint64_t expected : 20; ///< arrivals of a phase
  uint64_t pending : 20;  ///< arrivals still to come
  uint64_t phase : 1;
  uint64_t mark
      : 2; ///< whether it was initialised: fresh memory has other bits
  int64_t bytes : 21; ///< of transactions still to come
};
static_assert(sizeof(Word) == 8);

constexpr uint64_t valid = 2, maxArrivals = (1 << 20) - 1;

/// What the name of an instruction says.
enum : uint64_t { Drop = 1, NoWait = 2, Counted = 4, Expect = 8 };

Word *wordOf(uint64_t operand) { return reinterpret_cast<Word *>(operand); }

/// The barrier of an instruction, or null after a report.
Word *openWord(Thread &thread, uint64_t operand) {
  Block &block = *thread.block;
  Word *word = wordOf(operand);
  if (!block.checkRead(thread, word, sizeof(Word), sizeof(Word)))
    return nullptr;
  if (word->mark == valid)
    return word;
  block.report(thread, FindingKind::BadOperand,
               "expects an mbarrier that was initialised", word);
  return nullptr;
}

void completeIfDone(Block &block, Word &word) {
  if (word.pending != 0 || word.bytes != 0)
    return;
  word.phase ^= 1;
  word.pending = word.expected;
  block.clocks().completePhase(&word);
  block.wakeAt(&word);
}

void expectBytes(Thread &thread, Word &word, uint64_t bytes) {
  if (bytes > maxArrivals)
    thread.block->report(thread, FindingKind::BadOperand,
                         "expects at most " + std::to_string(maxArrivals) +
                             " bytes of transactions, got " +
                             std::to_string(bytes),
                         &word);
  else
    word.bytes += static_cast<int64_t>(bytes);
}

void initialize(Thread &thread, uint64_t *, const uint64_t *operands,
                uint64_t) {
  Block &block = *thread.block;
  if (!block.checkWrite(thread, wordOf(operands[0]), sizeof(Word),
                        sizeof(Word)))
    return;
  if (operands[1] == 0 || operands[1] > maxArrivals)
    return block.report(thread, FindingKind::BadOperand,
                        "expects 1 to " + std::to_string(maxArrivals) +
                            " arrivals, got " + std::to_string(operands[1]));
  Word word{};
  word.expected = word.pending = operands[1];
  word.mark = valid;
  block.clocks().beginMBarrier(wordOf(operands[0]));
  std::memcpy(wordOf(operands[0]), &word, sizeof(word));
}

void invalidate(Thread &thread, uint64_t *, const uint64_t *operands,
                uint64_t) {
  if (Word *word = openWord(thread, operands[0]))
    word->mark = 0;
}

void arrive(Thread &thread, uint64_t *results, const uint64_t *operands,
            uint64_t parameter) {
  Word *word = openWord(thread, operands[0]);
  if (results)
    results[0] = word ? word->phase : 0;
  if (!word)
    return;
  if (parameter & Expect)
    expectBytes(thread, *word, operands[1]);
  uint64_t count = parameter & Counted ? operands[1] : 1;
  if (count == 0 || count > word->pending)
    return thread.block->report(
        thread, FindingKind::BadOperand,
        "expects at most " + std::to_string(word->pending) +
            " arrivals in this phase, got " + std::to_string(count),
        word);
  if (parameter & Drop)
    word->expected -= count;
  word->pending -= count;
  thread.block->clocks().arrive(thread.warp, word);
  completeIfDone(*thread.block, *word);
}

void expectTransactions(Thread &thread, uint64_t *, const uint64_t *operands,
                        uint64_t) {
  if (Word *word = openWord(thread, operands[0]))
    expectBytes(thread, *word, operands[1]);
}

void completeTransactions(Thread &thread, uint64_t *, const uint64_t *operands,
                          uint64_t) {
  Word *word = openWord(thread, operands[0]);
  if (!word)
    return;
  thread.block->clocks().arrive(thread.warp, word);
  completeBytes(*thread.block, word, operands[1]);
}

/// Tests of a phase wait for it too: programs test again and again, and the
/// block's other threads run only when this one waits.
void awaitParity(Thread &thread, uint64_t *results, const uint64_t *operands,
                 uint64_t) {
  if (results)
    results[0] = 1;
  Word *word = openWord(thread, operands[0]);
  while (word && word->mark == valid && word->phase == (operands[1] & 1))
    thread.block->waitAt(thread, word, "an mbarrier");
  if (word)
    thread.block->clocks().awaitPhase(thread.warp, word);
}

} // namespace

void completeBytes(Block &block, void *barrier, uint64_t bytes) {
  auto &word = *static_cast<Word *>(barrier);
  word.bytes -= static_cast<int64_t>(bytes);
  completeIfDone(block, word);
}

void expectArrival(void *barrier) { ++static_cast<Word *>(barrier)->pending; }

void completeArrival(Block &block, void *barrier) {
  auto &word = *static_cast<Word *>(barrier);
  --word.pending;
  completeIfDone(block, word);
}

bool isMBarrier(const void *address) {
  return static_cast<const Word *>(address)->mark == valid;
}

std::optional<Assembly> findPhaseWait(std::string_view text,
                                      size_t operandCount) {
  // The address, the parity, how long a try may take. A test outside a loop
  // would have a result.
  if (operandCount != 3 || text.find("mbarrier.try_wait.parity") == text.npos ||
      text.find("bra") == text.npos)
    return std::nullopt;
  return Assembly{"mbarrier.try_wait.parity", {awaitParity}};
}

void addMBarriers(OperationTable &table) {
  const std::string prefix = "llvm.nvvm.mbarrier.";
  const std::string scope = ".scope.cta.space.cta";
  for (const char *space : {"", ".shared"}) {
    table[prefix + "init" + space] = {initialize};
    table[prefix + "inval" + space] = {invalidate};
    table[prefix + "arrive" + space] = {arrive};
    table[prefix + "arrive.noComplete" + space] = {arrive, Counted};
    table[prefix + "arrive.drop" + space] = {arrive, Drop};
    table[prefix + "test.wait" + space] = {awaitParity};
  }
  for (const char *order : {"", ".relaxed"}) {
    std::string end = order + scope;
    table[prefix + "arrive" + end] = {arrive, Counted};
    table[prefix + "arrive.drop" + end] = {arrive, Counted | Drop};
    table[prefix + "arrive.expect.tx" + end] = {arrive, Expect};
    table[prefix + "arrive.drop.expect.tx" + end] = {arrive, Expect | Drop};
    for (const char *name : {"test.wait", "try.wait", "try.wait.tl"})
      table[prefix + name + end] = {awaitParity};
    for (const char *name :
         {"test.wait.parity", "try.wait.parity", "try.wait.parity.tl"})
      table[prefix + name + end] = {awaitParity};
  }
  table[prefix + "expect.tx" + scope] = {expectTransactions};
  table[prefix + "complete.tx" + scope] = {completeTransactions};
}

} // namespace bcssl::simt
