//===- LoaderTest.cpp -----------------------------------------------------===//

#include "runtime/data/Loader.h"

#include "TestFiles.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <set>
#include <thread>

using namespace bcssl;
using namespace bcssl::test;

namespace {

/// Pictures made on demand; image `bad` fails, and each takes `delay`.
class FakeDataset final : public Dataset {
public:
  int64_t count = 50;
  std::set<int64_t> bad;
  std::chrono::microseconds delay{0};
  mutable std::atomic<int> decoded{0};

  int64_t size() const override { return count; }
  int64_t label(int64_t index) const override { return index % 7; }
  Result<Image> image(int64_t index) const override {
    ++decoded;
    std::this_thread::sleep_for(delay);
    if (bad.count(index))
      return Error{ExitCode::BadData, "image-format", "damaged", name(index)};
    return picture(28, 28, index % 2 ? 1 : 3, static_cast<uint32_t>(index));
  }
  std::string name(int64_t index) const override {
    return "image" + std::to_string(index);
  }
  const std::vector<std::string> &classes() const override { return none; }
  uint64_t fingerprint() const override { return 0; }

private:
  std::vector<std::string> none;
};

std::unique_ptr<BatchLoader>
load(std::shared_ptr<const Dataset> data, const LoaderOptions &options,
     AugmentOptions augment = mildAugmentOptions()) {
  auto loader = BatchLoader::create(std::move(data), augment, options);
  EXPECT_TRUE(loader.ok()) << loader.error().text();
  return std::move(*loader);
}

TEST(LoaderTest, BatchHoldsTheCropsViewMajor) {
  auto data = std::make_shared<FakeDataset>();
  AugmentOptions augment = mildAugmentOptions();
  augment.localCrops = 3;
  auto loader = load(data, {.batch = 8, .seed = 9, .firstStep = 7}, augment);
  auto batch = loader->next();
  ASSERT_TRUE(batch.ok());
  const Batch &b = **batch;
  EXPECT_EQ(b.step, 7);
  EXPECT_EQ(b.epoch, 1);
  EXPECT_EQ(b.indices, loader->order().indices(7));
  ASSERT_EQ(b.globals.size(), 2u * 8 * 32 * 32);
  ASSERT_EQ(b.locals.size(), 3u * 8 * 16 * 16);
  AugmentScratch scratch;
  for (int64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(b.labels[i], b.indices[i] % 7);
    Image image = withChannels(*data->image(b.indices[i]), 1);
    for (int crop = 0; crop < 5; ++crop) {
      bool global = crop < 2;
      size_t elements = augment.cropElements(crop);
      std::vector<float> expected(elements);
      makeCrop(augment, image, {9, 1, b.indices[i], crop}, scratch, expected);
      const float *actual =
          global ? b.globals.data() + (crop * 8 + i) * elements
                 : b.locals.data() + ((crop - 2) * 8 + i) * elements;
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), actual))
          << i << " " << crop;
    }
  }
}

TEST(LoaderTest, BytesAreTheCropsBeforeTheyAreNormalised) {
  auto data = std::make_shared<FakeDataset>();
  for (int channels : {1, 3}) {
    AugmentOptions augment;
    augment.channels = channels;
    augment.globalSize = 32;
    augment.localSize = 16;
    augment.localCrops = 3;
    auto floats = load(data, {.batch = 8, .seed = 9}, augment);
    auto bytes = load(data, {.batch = 8, .seed = 9, .bytes = true}, augment);
    for (int step = 0; step < 3; ++step) {
      const Batch &f = **floats->next(), &b = **bytes->next();
      EXPECT_TRUE(b.globals.empty() && b.locals.empty());
      EXPECT_TRUE(f.globalBytes.empty() && f.localBytes.empty());
      auto compare = [&](const std::vector<float> &expected,
                         const std::vector<uint8_t> &actual) {
        ASSERT_EQ(actual.size(), expected.size());
        for (size_t i = 0; i < actual.size(); ++i) {
          size_t c = i % static_cast<size_t>(channels);
          float value = static_cast<float>(actual[i]) / 255.0f;
          ASSERT_EQ((value - b.mean[c]) / b.deviation[c], expected[i]);
        }
      };
      compare(f.globals, b.globalBytes);
      compare(f.locals, b.localBytes);
    }
    for (std::span<const std::byte> block : bytes->memory())
      EXPECT_TRUE(block.size() == 2 * 8 * augment.cropElements(0) ||
                  block.size() == 3 * 8 * augment.cropElements(2));
  }
}

TEST(LoaderTest, MildCropsAreNoBytes) {
  auto loader = BatchLoader::create(std::make_shared<FakeDataset>(),
                                    mildAugmentOptions(), {.bytes = true});
  ASSERT_FALSE(loader.ok());
  EXPECT_EQ(loader.error().id, "augment-bytes");
  EXPECT_EQ(loader.error().code, ExitCode::Usage);
}

TEST(LoaderTest, SameBitsForAnyNumberOfThreads) {
  auto data = std::make_shared<FakeDataset>();
  auto all = [&](int threads, int prefetch) {
    auto loader =
        load(data,
             {.batch = 8, .seed = 3, .threads = threads, .prefetch = prefetch});
    std::vector<Batch> batches;
    for (int step = 0; step < 15; ++step)
      batches.push_back(**loader->next());
    return batches;
  };
  std::vector<Batch> expected = all(0, 1);
  for (auto [threads, prefetch] :
       {std::pair{1, 1}, {1, 3}, {2, 1}, {4, 2}, {7, 5}}) {
    std::vector<Batch> actual = all(threads, prefetch);
    for (size_t step = 0; step < expected.size(); ++step) {
      EXPECT_EQ(actual[step].step, static_cast<int64_t>(step));
      EXPECT_EQ(actual[step].indices, expected[step].indices);
      EXPECT_EQ(actual[step].labels, expected[step].labels);
      EXPECT_EQ(actual[step].globals, expected[step].globals) << threads;
      EXPECT_EQ(actual[step].locals, expected[step].locals) << threads;
    }
  }
}

TEST(LoaderTest, ResumesAtAnyStep) {
  auto data = std::make_shared<FakeDataset>();
  auto whole = load(data, {.batch = 8, .seed = 3});
  for (int64_t step = 0; step < 12; ++step) {
    const Batch expected = **whole->next();
    auto resumed = load(data, {.batch = 8, .seed = 3, .firstStep = step});
    EXPECT_EQ((*resumed->next())->globals, expected.globals) << step;
  }
}

TEST(LoaderTest, EpochsSeeOtherCropsOfTheSameImages) {
  auto data = std::make_shared<FakeDataset>();
  data->count = 4;
  auto loader = load(data, {.batch = 4, .seed = 3});
  Batch first = **loader->next(), second = **loader->next();
  EXPECT_EQ(second.epoch, 1);
  EXPECT_EQ(std::set(first.indices.begin(), first.indices.end()),
            std::set(second.indices.begin(), second.indices.end()));
  EXPECT_NE(first.globals, second.globals);
}

TEST(LoaderTest, ErrorSurfacesAtItsStepAndStays) {
  auto data = std::make_shared<FakeDataset>();
  BatchOrder order{50, 8, 3};
  // Two bad images in step 3: the one that comes first in the batch is named.
  data->bad = {order.index(3, 5), order.index(3, 2)};
  for (int threads : {0, 1, 4}) {
    auto loader =
        load(data, {.batch = 8, .seed = 3, .threads = threads, .prefetch = 4});
    for (int step = 0; step < 3; ++step)
      ASSERT_TRUE(loader->next().ok()) << threads;
    for (int again = 0; again < 3; ++again) {
      auto batch = loader->next();
      ASSERT_FALSE(batch.ok());
      EXPECT_EQ(batch.error().file, data->name(order.index(3, 2)));
    }
  }
}

TEST(LoaderTest, WorksAheadButNotFurtherThanAsked) {
  auto data = std::make_shared<FakeDataset>();
  auto loader = load(data, {.batch = 5, .threads = 2, .prefetch = 2});
  ASSERT_TRUE(loader->next().ok());
  // The batch being read and two more.
  for (int i = 0; i < 2000 && data->decoded < 15; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(data->decoded, 15);
}

TEST(LoaderTest, IsReadyWhenABatchIsComplete) {
  auto data = std::make_shared<FakeDataset>();
  auto slow = std::make_shared<FakeDataset>();
  slow->delay = std::chrono::milliseconds(200);
  EXPECT_FALSE(load(slow, {.batch = 8})->ready());
  auto alone = load(data, {.batch = 8, .threads = 0});
  EXPECT_TRUE(alone->ready());
  auto loader = load(data, {.batch = 8, .threads = 2, .prefetch = 1});
  for (int step = 0; step < 3; ++step) {
    while (!loader->ready())
      std::this_thread::yield();
    double before = loader->waited();
    EXPECT_EQ((*loader->next())->step, step);
    EXPECT_LT(loader->waited() - before, 1);
  }
}

TEST(LoaderTest, StopsInTheMiddleOfWork) {
  auto data = std::make_shared<FakeDataset>();
  data->count = 5000;
  data->delay = std::chrono::milliseconds(5);
  for (int round = 0; round < 5; ++round) {
    auto loader = load(data, {.batch = 500, .threads = 3, .prefetch = 8});
    std::this_thread::sleep_for(std::chrono::milliseconds(round));
  }
  // One round would have gone on to the end of nine batches otherwise.
  EXPECT_LT(data->decoded, 4500);
}

TEST(LoaderTest, ReportsHowLongItWaited) {
  auto data = std::make_shared<FakeDataset>();
  data->delay = std::chrono::milliseconds(40);
  for (int threads : {0, 1}) {
    auto loader = load(data, {.batch = 5, .threads = threads});
    EXPECT_EQ(loader->waited(), 0);
    ASSERT_TRUE(loader->next().ok());
    // A thread may have begun before next() was called.
    EXPECT_GE(loader->waited(), threads == 0 ? 0.2 : 0.02);
  }
}

TEST(LoaderTest, RefusesOptionsThatMakeNoSense) {
  auto data = std::make_shared<FakeDataset>();
  auto idOf = [&](const LoaderOptions &options,
                  AugmentOptions augment = mildAugmentOptions()) {
    auto loader = BatchLoader::create(data, augment, options);
    return loader.ok() ? std::string("ok") : loader.error().id;
  };
  EXPECT_EQ(idOf({.batch = 0}), "loader-options");
  EXPECT_EQ(idOf({.batch = 8, .threads = -1}), "loader-options");
  EXPECT_EQ(idOf({.batch = 8, .prefetch = 0}), "loader-options");
  EXPECT_EQ(idOf({.batch = 51}), "loader-size");
  AugmentOptions augment = mildAugmentOptions();
  augment.flip = std::nanf("");
  EXPECT_EQ(idOf({.batch = 8}, augment), "augment-options");
}

} // namespace
