//===- Findings.cpp - what a run did wrong --------------------------------===//

#include "tools/simt/executor/Findings.h"

#include <cstdio>

namespace bcssl::simt {

const char *nameOf(FindingKind kind) {
  switch (kind) {
  case FindingKind::OutOfBounds:
    return "out-of-bounds";
  case FindingKind::Misaligned:
    return "misaligned";
  case FindingKind::Uninitialized:
    return "uninitialized";
  case FindingKind::Race:
    return "race";
  case FindingKind::MissingWait:
    return "missing-wait";
  case FindingKind::MissingFence:
    return "missing-fence";
  case FindingKind::Deadlock:
    return "deadlock";
  case FindingKind::Divergence:
    return "divergence";
  case FindingKind::BadOperand:
    return "bad-operand";
  case FindingKind::Unsupported:
    return "unsupported";
  }
  return "";
}

std::string Finding::text() const {
  std::string line = nameOf(kind);
  if (!kernel.empty())
    line += " in " + kernel;
  if (!location.empty())
    line += " at " + location;
  if (!kernel.empty())
    line += ", block " + std::to_string(block) + " thread " +
            std::to_string(thread);
  if (otherThread >= 0)
    line += " against thread " + std::to_string(otherThread);
  if (address != 0) {
    char number[32];
    std::snprintf(number, sizeof(number), ", address 0x%llx",
                  static_cast<unsigned long long>(address));
    line += number;
  }
  return line + ": " + detail;
}

void Findings::add(Finding finding) {
  std::lock_guard lock(mutex);
  totals[finding.kind] += finding.count;
  auto [place, isNew] = places.try_emplace(
      {finding.kind, finding.kernel, finding.location, finding.detail},
      found.size());
  if (!isNew) {
    found[place->second].count += finding.count;
    return;
  }
  if (listener)
    listener(finding);
  found.push_back(std::move(finding));
}

uint64_t Findings::count() const {
  std::lock_guard lock(mutex);
  uint64_t total = 0;
  for (auto [kind, count] : totals)
    total += count;
  return total;
}

uint64_t Findings::count(FindingKind kind) const {
  std::lock_guard lock(mutex);
  auto place = totals.find(kind);
  return place == totals.end() ? 0 : place->second;
}

std::vector<Finding> Findings::all() const {
  std::lock_guard lock(mutex);
  return found;
}

void Findings::clear() {
  std::lock_guard lock(mutex);
  found.clear();
  places.clear();
  totals.clear();
}

} // namespace bcssl::simt
