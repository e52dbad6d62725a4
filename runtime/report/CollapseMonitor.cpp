//===- CollapseMonitor.cpp - is the teacher still teaching ----------------===//

#include "runtime/report/CollapseMonitor.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace bcssl {

/// Shares of ln K. A healthy run stays far from both: targets have an entropy
/// of a few nats, and their mean is nearly uniform.
static constexpr double uniformShare = 0.995;
static constexpr double singleShare = 0.9;

/// Nats that targets tell about their images. Fresh networks begin with half a
/// nat or more, with batches of 4 to 64.
static constexpr double leastInformation = 0.02;

/// Outputs are cosines times a length near 1, so a center of K values above
/// this size each means that the logits themselves run away.
static constexpr double largestCenterValue = 10;

CollapseMonitor::CollapseMonitor(int64_t outputs, int64_t patience)
    : largestEntropy(std::log(static_cast<double>(outputs))),
      largestNorm(largestCenterValue * std::sqrt(static_cast<double>(outputs))),
      patience(patience) {}

std::optional<std::string> CollapseMonitor::update(const TeacherSigns &signs) {
  std::array<bool, SignCount> bad{};
  bad[Uniform] =
      signs.entropy && !(*signs.entropy < uniformShare * largestEntropy);
  bad[Single] =
      signs.divergence && !(*signs.divergence < singleShare * largestEntropy);
  double information = signs.entropy && signs.divergence
                           ? largestEntropy - *signs.divergence - *signs.entropy
                           : largestEntropy;
  bad[Same] = !bad[Uniform] && !bad[Single] && information < leastInformation;
  bad[Center] = signs.centerNorm && !(*signs.centerNorm < largestNorm);

  std::optional<std::string> warning;
  for (int sign = 0; sign < SignCount; ++sign) {
    steps[sign] = bad[sign] ? steps[sign] + 1 : 0;
    if (steps[sign] != patience || warning)
      continue;
    char text[400];
    switch (sign) {
    case Uniform:
      std::snprintf(text, sizeof(text),
                    "the teacher's targets have been uniform for %lld steps "
                    "(entropy %.3f of at most %.3f nats): nothing is taught; "
                    "lower --teacher-temp, or raise --momentum-teacher",
                    static_cast<long long>(patience), *signs.entropy,
                    largestEntropy);
      break;
    case Single:
      std::snprintf(text, sizeof(text),
                    "all images have had one target for %lld steps (divergence "
                    "%.3f of at most %.3f nats): the network has collapsed; "
                    "use --centring=sinkhorn or a larger batch, or raise "
                    "--teacher-temp, and go back to an older checkpoint",
                    static_cast<long long>(patience), *signs.divergence,
                    largestEntropy);
      break;
    case Same:
      std::snprintf(text, sizeof(text),
                    "all images have had the same target for %lld steps (it "
                    "tells %.3f nats about an image, entropy %.3f): the "
                    "network has collapsed; use --centring=sinkhorn or a "
                    "larger batch, and go back to an older checkpoint",
                    static_cast<long long>(patience), information,
                    *signs.entropy);
      break;
    default:
      std::snprintf(text, sizeof(text),
                    "the center's norm has been above %.3g for %lld steps (now "
                    "%.3g): outputs run away; lower --lr or set "
                    "--norm-last-layer=true",
                    largestNorm, static_cast<long long>(patience),
                    *signs.centerNorm);
    }
    warning = text;
  }
  return warning;
}

} // namespace bcssl
