//===- ProgressTest.cpp ---------------------------------------------------===//

#include "runtime/report/Progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

using namespace bcssl;

namespace {

/// What a progress wrote into a pipe.
class Capture {
public:
  Capture() {
    EXPECT_EQ(pipe(ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  ~Capture() {
    close(ends[0]);
    close(ends[1]);
  }
  int descriptor() const { return ends[1]; }
  std::string text() {
    char buffer[1 << 16];
    ssize_t count;
    while ((count = read(ends[0], buffer, sizeof(buffer))) > 0)
      all.append(buffer, static_cast<size_t>(count));
    return all;
  }

private:
  int ends[2];
  std::string all;
};

/// A hundred images a second, a tenth of the time waiting.
ProgressSample sampleAt(double seconds) {
  ProgressSample sample;
  sample.step = static_cast<int64_t>(seconds * 10);
  sample.steps = 1000;
  sample.epochs = 10;
  sample.loss = 5.5;
  sample.learningRate = 5e-4;
  sample.batch = 10;
  sample.images = static_cast<int64_t>(seconds * 100);
  sample.seconds = seconds;
  sample.waitSeconds = seconds / 10;
  return sample;
}

void run(Progress &progress, double seconds) {
  for (double at = 0.05; at <= seconds; at += 0.05)
    progress.update(sampleAt(at));
}

TEST(ProgressTest, ModesByName) {
  EXPECT_EQ(parseProgressMode("auto"), ProgressMode::Auto);
  EXPECT_EQ(parseProgressMode("none"), ProgressMode::None);
  EXPECT_FALSE(parseProgressMode("colour").has_value());
}

TEST(ProgressTest, Durations) {
  EXPECT_EQ(durationText(6.4), "6 s");
  EXPECT_EQ(durationText(245), "4:05");
  EXPECT_EQ(durationText(3723), "1:02:03");
  EXPECT_EQ(durationText(-1), "?");
}

TEST(ProgressTest, PlainLinesEveryTenSecondsWithoutEscapes) {
  Capture capture;
  {
    Progress progress(ProgressMode::Auto, capture.descriptor());
    EXPECT_EQ(progress.mode(), ProgressMode::Plain); // a pipe is no terminal
    run(progress, 35);
    progress.message("warning: look here");
  }
  std::string text = capture.text();
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  // At 0, 10, 20, 30 seconds, the message, and the end.
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6) << text;
  EXPECT_NE(text.find("warning: look here\n"), std::string::npos);
  EXPECT_NE(text.find("100 images/s"), std::string::npos) << text;
  EXPECT_NE(text.find("data 10%"), std::string::npos) << text;
  EXPECT_NE(text.find("loss 5.5000"), std::string::npos);
  EXPECT_NE(text.find("lr 5.0e-04"), std::string::npos);
  EXPECT_NE(text.find("epoch 1/10"), std::string::npos);
}

TEST(ProgressTest, EtaFollowsTheSpeed) {
  // 900 steps of 10 images at 100 images a second.
  std::string text = progressText(sampleAt(10), 100, 0.1);
  EXPECT_NE(text.find("step 100/1000"), std::string::npos) << text;
  EXPECT_NE(text.find("eta 1:30"), std::string::npos) << text;
  EXPECT_NE(progressText(sampleAt(10), 0, 0).find("eta ?"), std::string::npos);
}

// The demo on a terminal of the usual width.
TEST(ProgressTest, EightyColumnsShowAllThatMatters) {
  ProgressSample sample{.step = 782,
                        .steps = 1563,
                        .epochs = 1.7,
                        .loss = 5.4321,
                        .learningRate = 5e-4,
                        .batch = 64};
  std::string line = progressLine(sample, 432.1, 0.03, 80, false);
  EXPECT_EQ(line, "[####.....]  eta 1:56  782/1563  loss 5.4321  "
                  "432 images/s  data 3%  lr 5.0e-04");
  EXPECT_LT(line.size(), 80u);
  // Long runs and narrow terminals lose the end of the line only.
  sample.steps = 1'000'000;
  for (size_t columns : {0, 1, 5, 9, 20, 40, 60, 79, 80, 81, 120, 300}) {
    line = progressLine(sample, 48.18, 0.03, columns, false);
    EXPECT_LE(line.size(), columns ? columns - 1 : 0) << line;
    EXPECT_EQ(columns >= 40, line.find("eta 368:") != std::string::npos)
        << line;
    EXPECT_EQ(columns >= 120, line.find("epoch") != std::string::npos) << line;
  }
}

TEST(ProgressTest, RateFollowsTheLastSeconds) {
  Capture capture;
  Progress progress(ProgressMode::Json, capture.descriptor());
  run(progress, 40);
  // From here on half as fast.
  for (double at = 40.05; at <= 120; at += 0.05) {
    ProgressSample sample = sampleAt(at);
    sample.images = 4000 + static_cast<int64_t>((at - 40) * 50);
    progress.update(sample);
  }
  std::string text = capture.text();
  std::string last = text.substr(text.rfind("{\"step\""));
  EXPECT_NE(last.find("\"images_per_s\": 5"), std::string::npos) << last;
}

TEST(ProgressTest, BarStaysOnOneLine) {
  unsetenv("NO_COLOR");
  Capture capture;
  {
    Progress progress(ProgressMode::Bar, capture.descriptor());
    run(progress, 5);
    progress.message("note");
    progress.update(sampleAt(6));
  }
  std::string text = capture.text();
  EXPECT_GT(std::count(text.begin(), text.end(), '\r'), 20);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2); // note, end
  EXPECT_NE(text.find("\r\x1b[Knote\n"), std::string::npos);
  EXPECT_EQ(text.back(), '\n');
}

TEST(ProgressTest, NoColourIsObeyed) {
  setenv("NO_COLOR", "1", 1);
  Capture capture;
  {
    Progress progress(ProgressMode::Bar, capture.descriptor());
    run(progress, 1);
  }
  EXPECT_EQ(capture.text().find("\x1b[32m"), std::string::npos);
  unsetenv("NO_COLOR");
}

TEST(ProgressTest, JsonModeIsLinesOfObjects) {
  Capture capture;
  {
    Progress progress(ProgressMode::Json, capture.descriptor());
    run(progress, 12);
    progress.message("hello \"you\"");
  }
  std::string text = capture.text();
  EXPECT_NE(text.find("{\"message\": \"hello \\\"you\\\"\"}\n"),
            std::string::npos);
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    EXPECT_EQ(text[at], '{');
}

TEST(ProgressTest, NoneIsSilent) {
  Capture capture;
  {
    Progress progress(ProgressMode::None, capture.descriptor());
    run(progress, 30);
    progress.message("note");
  }
  EXPECT_EQ(capture.text(), "");
}

TEST(ProgressTest, WarningsAreNeverSilent) {
  Capture capture;
  Progress progress(ProgressMode::None, capture.descriptor());
  progress.warning("look here");
  EXPECT_EQ(capture.text(), "warning: look here\n");
}

} // namespace
