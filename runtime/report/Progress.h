//===- Progress.h - what a waiting person sees ------------------*- C++ -*-===//
//
// One line that is redrawn in place on a terminal; elsewhere a plain line every
// ten seconds, without any escape byte.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_REPORT_PROGRESS_H
#define BCSSL_RUNTIME_REPORT_PROGRESS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bcssl {

enum class ProgressMode { Auto, Bar, Plain, Json, None };

/// "auto", "bar", "plain", "json" or "none".
std::optional<ProgressMode> parseProgressMode(std::string_view text);

/// Where a run stands after a step.
struct ProgressSample {
  int64_t step = 0;  ///< steps done
  int64_t steps = 0; ///< of the whole run
  int64_t epoch = 0; ///< whole epochs done
  double epochs = 0; ///< of the whole run
  double loss = 0;
  double learningRate = 0;
  int64_t batch = 0;      ///< images of one step
  int64_t images = 0;     ///< since the process started
  double seconds = 0;     ///< since the process started training
  double waitSeconds = 0; ///< of them, spent waiting for data
};

class Progress {
public:
  /// Writes to `descriptor`. Auto becomes Bar on a terminal that can move its
  /// cursor, else Plain. Colour only without NO_COLOR.
  explicit Progress(ProgressMode mode, int descriptor = 2);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Shows a sample, when it is time to.
  void update(const ProgressSample &sample);
  /// Prints a line of its own, above the progress line. Not in mode None.
  void message(std::string_view text);
  /// The same with "warning: " before it, in mode None too.
  void warning(std::string_view text);
  /// Shows the last sample for good.
  void finish();

  ProgressMode mode() const { return shown; }

private:
  void line(const std::string &text);
  void show(const ProgressSample &sample);
  void rate(const ProgressSample &sample);
  void write(const std::string &text) const;

  ProgressMode shown;
  int descriptor;
  bool colour = false;
  bool drawn = false; ///< an unfinished line stands on the terminal
  double lastShown = -1e9;
  ProgressSample last;
  ProgressSample windowStart;
  double imagesPerSecond = 0;
  double waitShare = 0;
};

/// "eta 1:05  step 120/1000  loss 5.1234  ..." as plain text.
std::string progressText(const ProgressSample &sample, double imagesPerSecond,
                         double waitShare);

/// A bar and as much of the text as a terminal of so many columns has room for;
/// what matters most comes first. At 80 columns that is all but the epoch.
std::string progressLine(const ProgressSample &sample, double imagesPerSecond,
                         double waitShare, size_t columns, bool colour);

/// "1:02:03", "4:05" or "6 s".
std::string durationText(double seconds);

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_PROGRESS_H
