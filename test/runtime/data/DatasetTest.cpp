//===- DatasetTest.cpp ----------------------------------------------------===//

#include "runtime/data/Dataset.h"

#include "TestFiles.h"

#include <cstdlib>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bcssl;
using namespace bcssl::test;
namespace fs = std::filesystem;

namespace {

class DatasetTest : public DirectoryTest {
protected:
  /// A small PNG whose grey level tells which file it is.
  void put(const std::string &name, uint8_t level = 0) {
    Image image{4, 3, 1, Bytes(12, level)};
    writeFile(directory / name, pngFile(image));
  }
  std::string idOf(const Result<std::unique_ptr<Dataset>> &result) {
    return result.ok() ? "ok" : result.error().id;
  }
  std::unique_ptr<Dataset> open(const std::string &name, Split split) {
    auto data = openDataset(directory / name, split);
    EXPECT_TRUE(data.ok()) << data.error().text();
    return data.ok() ? std::move(*data) : nullptr;
  }
  std::vector<std::string> names(const Dataset &data) {
    std::vector<std::string> result;
    for (int64_t i = 0; i < data.size(); ++i)
      result.push_back(
          fs::path(data.name(i)).lexically_relative(directory).string());
    return result;
  }
};

TEST_F(DatasetTest, ClassFoldersFollowImageFolder) {
  put("b/2.png", 20), put("b/10.PNG", 21), put("b/x.Jpeg", 22);
  put("a/sub/t/1.png", 1), put("a/z.png", 2), put("a/sub-1/1.png", 3);
  put("C/1.png", 30);
  std::ofstream(directory / "a/readme.txt") << "no image";
  std::ofstream(directory / "readme.txt") << "belongs to no class";
  auto data = open("", Split::Train);
  EXPECT_EQ(data->classes(), (std::vector<std::string>{"C", "a", "b"}));
  // As Python's sorted(os.walk(...)): by directory, then by name, as bytes.
  EXPECT_EQ(names(*data),
            (std::vector<std::string>{"C/1.png", "a/z.png", "a/sub-1/1.png",
                                      "a/sub/t/1.png", "b/10.PNG", "b/2.png",
                                      "b/x.Jpeg"}));
  std::vector<int> levels, labels;
  for (int64_t i = 0; i < data->size(); ++i) {
    auto image = data->image(i);
    ASSERT_TRUE(image.ok()) << image.error().text();
    levels.push_back(image->pixels[0]);
    labels.push_back(static_cast<int>(data->label(i)));
  }
  EXPECT_EQ(levels, (std::vector<int>{30, 2, 3, 1, 21, 20, 22}));
  EXPECT_EQ(labels, (std::vector<int>{0, 1, 1, 1, 2, 2, 2}));
}

TEST_F(DatasetTest, SplitsAreFoundByName) {
  put("set/train/a/1.png"), put("set/train/a/2.png"), put("set/val/a/3.png");
  EXPECT_EQ(open("set", Split::Train)->size(), 2);
  EXPECT_EQ(open("set", Split::Validation)->size(), 1);
  EXPECT_EQ(open("set/train", Split::Train)->size(), 2);
  EXPECT_EQ(idOf(openDataset(directory / "set/train", Split::Validation)),
            "data-split");
}

TEST_F(DatasetTest, ImagesBesideClassFoldersAreNotPassedOver) {
  put("mixed/1.png"), put("mixed/2.jpg"), put("mixed/thumbs/3.png");
  auto data = openDataset(directory / "mixed", Split::Train);
  ASSERT_EQ(idOf(data), "data-mixed");
  EXPECT_NE(data.error().message.find("holds 2 images beside folders, which "
                                      "hold 1 "),
            std::string::npos)
      << data.error().message;
}

TEST_F(DatasetTest, FlatFolderHasNoLabels) {
  put("flat/2.png"), put("flat/1.png");
  auto data = open("flat", Split::Train);
  EXPECT_EQ(names(*data),
            (std::vector<std::string>{"flat/1.png", "flat/2.png"}));
  EXPECT_EQ(data->label(0), -1);
  EXPECT_TRUE(data->classes().empty());
}

TEST_F(DatasetTest, IdxPairPlainAndGzip) {
  Bytes pixels(2 * 3 * 4);
  for (size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<uint8_t>(i);
  writeFile(directory / "train-images-idx3-ubyte", idxFile({2, 3, 4}, pixels));
  writeFile(directory / "train-labels-idx1-ubyte.gz",
            gzipped(idxFile({2}, Bytes{5, 2})));
  writeFile(directory / "t10k-images-idx3-ubyte.gz",
            gzipped(idxFile({1, 3, 4}, Bytes(12))));
  auto data = open("", Split::Train);
  ASSERT_EQ(data->size(), 2);
  EXPECT_EQ(data->label(0), 5);
  EXPECT_EQ(data->label(1), 2);
  EXPECT_EQ(data->classes().size(), 6u);
  auto image = data->image(1);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->width, 4);
  EXPECT_EQ(image->height, 3);
  EXPECT_EQ(image->pixels, Bytes(pixels.begin() + 12, pixels.end()));
  auto test = open("", Split::Validation);
  EXPECT_EQ(test->size(), 1);
  EXPECT_EQ(test->label(0), -1);
  EXPECT_NE(test->fingerprint(), data->fingerprint());
}

TEST_F(DatasetTest, IdxFilesThatDoNotBelongTogether) {
  std::string images = directory / "i", labels = directory / "l";
  writeFile(images, idxFile({2, 3, 4}, Bytes(24)));
  writeFile(labels, idxFile({3}, Bytes(3)));
  EXPECT_EQ(idOf(openIdxPair(images, labels)), "idx-labels");
  EXPECT_EQ(idOf(openIdxPair(labels, "")), "idx-images");
  EXPECT_EQ(idOf(openIdxPair(images, images)), "idx-labels");
}

TEST_F(DatasetTest, FashionMnistWhereItIsInstalled) {
  std::string path = "/usr/share/datasets/fashion-mnist";
  if (!fs::exists(path))
    GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  auto data = openDataset(path, Split::Validation);
  ASSERT_TRUE(data.ok()) << data.error().text();
  EXPECT_EQ((*data)->size(), 10000);
  EXPECT_EQ((*data)->classes().size(), 10u);
  EXPECT_EQ((*data)->label(0), 9); // the first one is an ankle boot
}

TEST_F(DatasetTest, NothingThere) {
  fs::create_directories(directory / "empty");
  fs::create_directories(directory / "classes/a");
  put("classes/b/1.png");
  EXPECT_EQ(idOf(openDataset(directory / "missing", Split::Train)),
            "data-missing");
  EXPECT_EQ(idOf(openDataset(directory / "empty", Split::Train)),
            "folder-empty");
  auto classes = openDataset(directory / "classes", Split::Train);
  EXPECT_EQ(idOf(classes), "folder-class-empty");
  EXPECT_EQ(classes.error().file, directory / "classes/a");
}

TEST_F(DatasetTest, PipesAreNamedAndNeverWaitedFor) {
  put("a/1.png");
  ASSERT_EQ(mkfifo((directory / "a/2.png").c_str(), 0600), 0);
  auto data = openDataset(directory, Split::Train);
  EXPECT_EQ(idOf(data), "file-kind");
  EXPECT_EQ(data.error().file, directory / "a/2.png");
  EXPECT_EQ(readImage(directory / "a/2.png").error().id, "file-kind");
}

TEST_F(DatasetTest, LinksAreFollowedButNotInCircles) {
  put("real/1.png", 9);
  fs::create_directories(directory / "set/a");
  fs::create_directory_symlink(directory / "real", directory / "set/b");
  fs::create_symlink(directory / "real/1.png", directory / "set/a/2.png");
  auto data = open("set", Split::Train);
  EXPECT_EQ(names(*data),
            (std::vector<std::string>{"set/a/2.png", "set/b/1.png"}));
  fs::create_directory_symlink(directory / "set", directory / "set/a/loop");
  EXPECT_EQ(idOf(openDataset(directory / "set", Split::Train)), "folder-loop");
  fs::remove(directory / "set/a/loop");
  fs::create_symlink(directory / "nowhere", directory / "set/a/0.png");
  EXPECT_EQ(idOf(openDataset(directory / "set", Split::Train)), "file-missing");
}

TEST_F(DatasetTest, VanishedFilesAreNamed) {
  put("a/1.png"), put("a/2.png");
  auto data = open("", Split::Train);
  fs::remove(directory / "a/1.png");
  auto gone = data->image(0);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().id, "file-missing");
  EXPECT_EQ(gone.error().file, data->name(0));
}

/// Exit codes: 0 as expected, 1 wrong, 2 still root.
int readWhatIsForbidden(const fs::path &directory) {
  if (geteuid() == 0 && setuid(65534) != 0)
    return 2;
  auto data = openDataset(directory / "good", Split::Train);
  if (!data.ok())
    return 1;
  auto image = (*data)->image(0);
  if (image.ok() || image.error().id != "file-read" ||
      image.error().file != directory / "good/a/1.png")
    return 1;
  auto closed = openDataset(directory / "closed", Split::Train);
  return !closed.ok() && closed.error().id == "folder-open" &&
                 closed.error().file == directory / "closed/a"
             ? 0
             : 1;
}

TEST_F(DatasetTest, UnreadableFilesAndFoldersAreNamed) {
  put("good/a/1.png"), put("closed/a/1.png");
  fs::permissions(directory, fs::perms(0755));
  fs::permissions(directory / "good/a/1.png", fs::perms::none);
  fs::permissions(directory / "closed/a", fs::perms::none);
  pid_t child = fork();
  if (child == 0)
    _exit(readWhatIsForbidden(directory));
  int state = 0;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  ASSERT_TRUE(WIFEXITED(state));
  fs::permissions(directory / "closed/a", fs::perms::owner_all);
  if (WEXITSTATUS(state) == 2)
    GTEST_SKIP() << "root may read everything";
  EXPECT_EQ(WEXITSTATUS(state), 0);
}

TEST_F(DatasetTest, DirectoryNamedLikeAnImageIsADirectory) {
  put("a/x.jpg/1.png"), put("a/1.png");
  EXPECT_EQ(open("", Split::Train)->size(), 2);
}

TEST_F(DatasetTest, FingerprintKnowsNamesAndOrderNotThePlace) {
  put("one/a/1.png"), put("one/b/2.png");
  put("two/a/1.png"), put("two/b/2.png");
  put("three/a/1.png"), put("three/b/3.png");
  put("four/b/1.png"), put("four/c/2.png"), put("four/a/0.png");
  auto hash = [&](const char *name) {
    return open(name, Split::Train)->fingerprint();
  };
  EXPECT_EQ(hash("one"), hash("two"));
  EXPECT_NE(hash("one"), hash("three"));
  EXPECT_NE(hash("one"), hash("four"));
}

} // namespace
