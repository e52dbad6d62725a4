//===- OptionsTest.cpp - options as texts and their limits ----------------===//

#include "models/Zoo.h"

#include <gtest/gtest.h>

using namespace bcssl::models;

namespace {

std::string optionError(const Options &options) {
  try {
    checkOptions(options);
  } catch (const OptionError &error) {
    return error.what();
  }
  return "";
}

} // namespace

TEST(OptionsTest, TextsRoundTrip) {
  Options options = defaultsFor("micro");
  for (const OptionField &field : optionFields()) {
    std::string text = field.get(options);
    field.set(options, field.name, text);
    EXPECT_EQ(field.get(options), text) << field.name;
  }
  setOption(options, "bn_activation", "gelu");
  setOption(options, "dims", "8,16,32");
  setOption(options, "norm-last-layer", "off");
  setOption(options, "beta2", "0.95");
  EXPECT_EQ(options.bnActivation, BnActivation::Gelu);
  EXPECT_EQ(options.dims, (std::vector<int64_t>{8, 16, 32}));
  EXPECT_FALSE(options.normLastLayer);
  EXPECT_EQ(options.beta2, 0.95);
}

TEST(OptionsTest, TheMethodsDefaultsComeBeforeSettings) {
  Options options = resolveOptions(
      "micro", {{"batch", "8"}, {"method", "supervised"}, {"beta1", "0.8"}});
  EXPECT_EQ(options.method, Method::Supervised);
  EXPECT_EQ(options.clip, 0.0);
  EXPECT_EQ(options.batch, 8);
  EXPECT_EQ(options.beta1, 0.8);
  options =
      resolveOptions("micro", {{"clip-grad", "2"}, {"method", "supervised"}});
  EXPECT_EQ(options.clip, 2.0);
  EXPECT_THROW(resolveOptions("micro", {{"kernel", "4"}}), OptionError);
}

// The paper's code builds BC-SSL's teacher with the student's drop rate; other
// teachers, and the small demo, have none.
TEST(OptionsTest, TheTeacherOfBcsslDropsPaths) {
  for (const char *model : {"bcssl-tiny", "bcssl-small", "bcssl-base"}) {
    EXPECT_TRUE(defaultsFor(model).teacherDropPath) << model;
    EXPECT_EQ(defaultsFor(model).dropPath, 0.1) << model;
  }
  EXPECT_FALSE(defaultsFor("convnext-tiny").teacherDropPath);
  EXPECT_FALSE(defaultsFor("micro").teacherDropPath);
  EXPECT_FALSE(defaultsFor("bcssl-tiny", Method::Supervised).teacherDropPath);
}

TEST(OptionsTest, BadTextsAreRejected) {
  Options options = defaultsFor("micro");
  for (auto [name, text] :
       std::initializer_list<std::pair<const char *, const char *>>{
           {"kernel", "9x"},
           {"kernel", ""},
           {"dims", "8,,16"},
           {"dims", ""},
           {"beta1", "nan"},
           {"clip-grad", "1e999"},
           {"method", "byol"},
           {"centring", ""},
           {"nothing", "1"},
           {"kernel", "9999999999999999999"},
           {"teacher-drop-path", "yes"}})
    EXPECT_THROW(setOption(options, name, text), OptionError)
        << name << "=" << text;
  EXPECT_THROW(defaultsFor("resnet"), OptionError);
}

TEST(OptionsTest, IllegalValuesAreNamed) {
  auto with = [](const char *name, const char *value) {
    Options options = defaultsFor("bcssl-tiny");
    setOption(options, name, value);
    return optionError(options);
  };
  EXPECT_EQ(with("kernel", "9"), "");
  EXPECT_EQ(with("kernel", "61"), "");
  EXPECT_EQ(with("kernel", "8"),
            "--kernel expects an odd number from 1 to 61, got 8");
  EXPECT_EQ(with("kernel", "63"),
            "--kernel expects an odd number from 1 to 61, got 63");
  EXPECT_EQ(with("kernel", "-1"),
            "--kernel expects an odd number from 1 to 61, got -1");
  EXPECT_EQ(with("image", "100"), "--image expects a multiple of the network's "
                                  "stride 32 up to 4096, got 100");
  EXPECT_NE(with("local-image", "0"), "");
  EXPECT_NE(with("depths", "3,3"), "");
  EXPECT_NE(with("dims", "96,192,384,0"), "");
  EXPECT_NE(with("drop-path", "1"), "");
  EXPECT_NE(with("batch", "0"), "");
  EXPECT_NE(with("out-dim", "1"), "");
  EXPECT_NE(with("clip-grad", "-1"), "");
  EXPECT_NE(with("student-temp", "0"), "");
  Options convnext = defaultsFor("convnext-tiny");
  convnext.bnActivation = BnActivation::Gelu;
  EXPECT_NE(optionError(convnext), "");
}
