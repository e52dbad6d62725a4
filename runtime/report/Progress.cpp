//===- Progress.cpp - what a waiting person sees --------------------------===//

#include "runtime/report/Progress.h"

#include "runtime/report/JsonLog.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace bcssl {

/// Seconds between redrawn lines, between plain lines, and over which rates
/// are taken.
static constexpr double barInterval = 0.1;
static constexpr double plainInterval = 10;
static constexpr double rateWindow = 5;

/// Columns of the bar, its brackets included.
static constexpr size_t smallestBar = 7;
static constexpr size_t largestBar = 32;

static constexpr std::array<std::string_view, 5> modeNames = {
    "auto", "bar", "plain", "json", "none"};

std::optional<ProgressMode> parseProgressMode(std::string_view text) {
  auto at = std::find(modeNames.begin(), modeNames.end(), text);
  if (at == modeNames.end())
    return {};
  return static_cast<ProgressMode>(at - modeNames.begin());
}

static bool canMoveCursor(int descriptor) {
  const char *terminal = std::getenv("TERM");
  return isatty(descriptor) && terminal &&
         std::string_view(terminal) != "dumb" && *terminal;
}

Progress::Progress(ProgressMode mode, int descriptor)
    : shown(mode), descriptor(descriptor) {
  if (mode == ProgressMode::Auto)
    shown = canMoveCursor(descriptor) ? ProgressMode::Bar : ProgressMode::Plain;
  const char *noColour = std::getenv("NO_COLOR");
  colour = shown == ProgressMode::Bar && !(noColour && *noColour);
}

Progress::~Progress() { finish(); }

std::string durationText(double seconds) {
  if (!(seconds >= 0) || seconds > 1e9)
    return "?";
  auto whole = static_cast<long long>(seconds + 0.5);
  char text[48];
  if (whole < 60)
    std::snprintf(text, sizeof(text), "%lld s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof(text), "%lld:%02lld", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", whole / 3600,
                  whole / 60 % 60, whole % 60);
  return text;
}

/// "12345", and "48.2" where there are fewer digits.
static std::string speedText(double imagesPerSecond) {
  char text[32];
  std::snprintf(text, sizeof(text), imagesPerSecond < 100 ? "%.3g" : "%.0f",
                imagesPerSecond);
  return text;
}

/// What a line says, the most important first. Beside a bar it is clear which
/// number is the step.
static std::vector<std::string> progressParts(const ProgressSample &sample,
                                              double imagesPerSecond,
                                              double waitShare, bool bar) {
  double left =
      static_cast<double>(std::max<int64_t>(0, sample.steps - sample.step)) *
      static_cast<double>(sample.batch);
  double eta = imagesPerSecond > 0 ? left / imagesPerSecond : -1;
  std::vector<std::string> parts = {"eta " + durationText(eta)};
  auto add = [&](const char *format, auto... values) {
    char text[96];
    std::snprintf(text, sizeof(text), format, values...);
    parts.push_back(text);
  };
  add(bar ? "%lld/%lld" : "step %lld/%lld", static_cast<long long>(sample.step),
      static_cast<long long>(sample.steps));
  add("loss %.4f", sample.loss);
  parts.push_back(speedText(imagesPerSecond) + " images/s");
  add("data %.0f%%", 100 * waitShare);
  add("lr %.1e", sample.learningRate);
  add("epoch %lld/%.0f", static_cast<long long>(sample.epoch + 1),
      std::max(1.0, std::ceil(sample.epochs)));
  return parts;
}

std::string progressText(const ProgressSample &sample, double imagesPerSecond,
                         double waitShare) {
  std::string text;
  for (const std::string &part :
       progressParts(sample, imagesPerSecond, waitShare, /*bar=*/false))
    text += (text.empty() ? "" : "  ") + part;
  return text;
}

std::string progressLine(const ProgressSample &sample, double imagesPerSecond,
                         double waitShare, size_t columns, bool colour) {
  // A terminal wraps, and leaves the line behind, when its last column is used.
  size_t free = columns > 0 ? columns - 1 : 0;
  size_t smallest = std::min(smallestBar, free);
  std::string text;
  for (const std::string &part :
       progressParts(sample, imagesPerSecond, waitShare, /*bar=*/true)) {
    if (text.size() + part.size() + 2 + smallest > free)
      break;
    text += "  " + part;
  }
  // The bar takes what the text leaves over.
  size_t width = std::min(largestBar, free - text.size());
  if (width < smallestBar)
    return text;
  double done = sample.steps > 0 ? static_cast<double>(sample.step) /
                                       static_cast<double>(sample.steps)
                                 : 0;
  auto full = static_cast<size_t>(std::clamp(done, 0.0, 1.0) *
                                  static_cast<double>(width - 2));
  std::string bar =
      "[" + std::string(full, '#') + std::string(width - 2 - full, '.') + "]";
  return (colour ? "\x1b[32m" + bar + "\x1b[0m" : bar) + text;
}

/// Speed over the last seconds: recent enough to show a stall, long enough not
/// to flicker.
void Progress::rate(const ProgressSample &sample) {
  double seconds = sample.seconds - windowStart.seconds;
  if (seconds > 0) {
    imagesPerSecond =
        static_cast<double>(sample.images - windowStart.images) / seconds;
    waitShare = std::clamp(
        (sample.waitSeconds - windowStart.waitSeconds) / seconds, 0.0, 1.0);
  }
  if (seconds > 2 * rateWindow)
    windowStart = last;
}

void Progress::update(const ProgressSample &sample) {
  if (shown == ProgressMode::None)
    return;
  double interval = shown == ProgressMode::Bar ? barInterval : plainInterval;
  bool due = sample.seconds - lastShown >= interval;
  if (due) {
    rate(sample);
    lastShown = sample.seconds;
    show(sample);
  }
  last = sample;
}

void Progress::show(const ProgressSample &sample) {
  if (shown == ProgressMode::Json) {
    write(jsonLine({{"step", sample.step},
                    {"steps", sample.steps},
                    {"epoch", sample.epoch},
                    {"loss", sample.loss},
                    {"lr", sample.learningRate},
                    {"images_per_s", imagesPerSecond},
                    {"data_share", waitShare},
                    {"seconds", sample.seconds}}) +
          "\n");
    return;
  }
  if (shown == ProgressMode::Plain) {
    write(progressText(sample, imagesPerSecond, waitShare) + "\n");
    return;
  }
  winsize size = {};
  size_t columns = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
                       ? size.ws_col
                       : 80;
  write("\r" +
        progressLine(sample, imagesPerSecond, waitShare, columns, colour) +
        "\x1b[K");
  drawn = true;
}

void Progress::line(const std::string &text) {
  std::string line =
      shown == ProgressMode::Json ? jsonLine({{"message", text}}) : text;
  write((drawn ? "\r\x1b[K" : "") + line + "\n");
  drawn = false;
}

void Progress::message(std::string_view text) {
  if (shown != ProgressMode::None)
    line(std::string(text));
}

void Progress::warning(std::string_view text) {
  line("warning: " + std::string(text));
}

void Progress::finish() {
  if (shown == ProgressMode::None || last.steps == 0)
    return;
  if (last.seconds != lastShown || drawn) {
    rate(last);
    show(last);
  }
  if (drawn)
    write("\n");
  drawn = false;
  last = ProgressSample();
}

void Progress::write(const std::string &text) const {
  // Nothing depends on these words: a closed stderr must not end a run.
  size_t at = 0;
  while (at < text.size()) {
    ssize_t count = ::write(descriptor, text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return;
    at += static_cast<size_t>(count);
  }
}

} // namespace bcssl
