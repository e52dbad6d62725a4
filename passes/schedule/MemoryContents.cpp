//===- MemoryContents.cpp - which bytes lie where -------------------------===//

#include "passes/schedule/MemoryContents.h"

namespace bcssl {

/// What a run holds from one of its bytes on.
Content MemoryContents::at(const Runs::value_type &run, int64_t offset) {
  Content content = run.second.content;
  content.from += offset - run.first;
  return content;
}

/// No run goes on across `offset` afterwards.
void MemoryContents::cutAt(Runs &runs, int64_t offset) {
  auto next = runs.upper_bound(offset);
  if (next == runs.begin())
    return;
  auto run = std::prev(next);
  if (run->first == offset || run->second.end <= offset)
    return;
  runs.emplace_hint(next, offset, Run{run->second.end, at(*run, offset)});
  run->second.end = offset;
}

void MemoryContents::write(const Slot &slot, const Content &content) {
  if (slot.bytes == 0)
    return;
  Runs &runs = runsOf(slot);
  cutAt(runs, slot.offset);
  cutAt(runs, slot.end());
  runs.erase(runs.lower_bound(slot.offset), runs.lower_bound(slot.end()));
  runs.emplace(slot.offset, Run{slot.end(), content});
}

void MemoryContents::move(const Slot &from, const Slot &to) {
  Runs &sources = runsOf(from), &targets = runsOf(to);
  cutAt(sources, from.offset);
  cutAt(sources, from.end());
  Runs moved;
  for (auto run = sources.lower_bound(from.offset);
       run != sources.end() && run->first < from.end(); ++run)
    moved.emplace(
        run->first - from.offset + to.offset,
        Run{run->second.end - from.offset + to.offset, run->second.content});
  cutAt(targets, to.offset);
  cutAt(targets, to.end());
  targets.erase(targets.lower_bound(to.offset), targets.lower_bound(to.end()));
  targets.merge(moved);
}

std::optional<MemoryContents::Mismatch>
MemoryContents::mismatch(const Slot &slot, const Content &content) const {
  const Runs &runs = spaces[static_cast<size_t>(slot.space)];
  int64_t offset = slot.offset;
  while (offset < slot.end()) {
    auto run = runs.upper_bound(offset);
    if (run == runs.begin() || std::prev(run)->second.end <= offset)
      return Mismatch{nullptr};
    --run;
    Content expected = content;
    expected.from += offset - slot.offset;
    if (at(*run, offset) != expected)
      return Mismatch{run->second.content.writer};
    offset = run->second.end;
  }
  return std::nullopt;
}

} // namespace bcssl
