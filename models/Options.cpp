//===- Options.cpp - options as texts -------------------------------------===//

#include "models/Options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>

using namespace bcssl::models;

namespace {

[[noreturn]] void reject(const char *name, const std::string &expectation,
                         const std::string &value) {
  throw OptionError(std::string("--") + name + " expects " + expectation +
                    ", got " + (value.empty() ? "nothing" : value));
}

/// The names of an enumeration's cases, in order.
template <class E> struct Cases;
template <> struct Cases<Method> {
  static constexpr const char *names[] = {"dino", "supervised", "features"};
};
template <> struct Cases<Family> {
  static constexpr const char *names[] = {"bcssl", "convnext"};
};
template <> struct Cases<BnActivation> {
  static constexpr const char *names[] = {"none", "relu", "gelu"};
};
template <> struct Cases<Initialization> {
  static constexpr const char *names[] = {"published", "fan"};
};
template <> struct Cases<Centring> {
  static constexpr const char *names[] = {"mean", "sinkhorn"};
};
template <> struct Cases<ImageType> {
  static constexpr const char *names[] = {"f32", "u8"};
};
template <> struct Cases<OptimizerKind> {
  static constexpr const char *names[] = {"adamw", "sgd", "lars"};
};

template <class T>
  requires std::is_enum_v<T>
std::string write(T value) {
  return Cases<T>::names[static_cast<int>(value)];
}
template <class T>
  requires std::is_enum_v<T>
void parse(const char *name, const std::string &text, T &value) {
  auto found = std::ranges::find(Cases<T>::names, text);
  if (found == std::end(Cases<T>::names)) {
    std::string choices;
    for (const char *choice : Cases<T>::names)
      choices += (choices.empty() ? "" : "|") + std::string(choice);
    reject(name, choices, text);
  }
  value = static_cast<T>(found - std::begin(Cases<T>::names));
}

std::string write(bool value) { return value ? "true" : "false"; }
void parse(const char *name, const std::string &text, bool &value) {
  static constexpr std::string_view yes[] = {"true", "on", "1"};
  static constexpr std::string_view no[] = {"false", "off", "0"};
  value = std::ranges::find(yes, text) != std::end(yes);
  if (!value && std::ranges::find(no, text) == std::end(no))
    reject(name, "true or false", text);
}

template <class T>
void parseNumber(const char *name, const char *expectation,
                 const std::string &text, T &value) {
  const char *end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || at != end || error != std::errc())
    reject(name, expectation, text);
}

std::string write(int64_t value) { return std::to_string(value); }
void parse(const char *name, const std::string &text, int64_t &value) {
  parseNumber(name, "a whole number", text, value);
}

std::string write(double value) {
  char text[32];
  return {text, std::to_chars(text, std::end(text), value).ptr};
}
void parse(const char *name, const std::string &text, double &value) {
  parseNumber(name, "a number", text, value);
  if (!std::isfinite(value))
    reject(name, "a finite number", text);
}

std::string write(const std::vector<int64_t> &values) {
  std::string text;
  for (int64_t value : values)
    text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}
void parse(const char *name, const std::string &text,
           std::vector<int64_t> &values) {
  values.clear();
  for (size_t at = 0; at <= text.size();) {
    size_t comma = std::min(text.find(',', at), text.size());
    parse(name, text.substr(at, comma - at), values.emplace_back());
    at = comma + 1;
  }
}

template <auto Member>
constexpr OptionField field(const char *name, const char *help) {
  return {name, help,
          [](const Options &options) { return write(options.*Member); },
          [](Options &options, const char *name, const std::string &value) {
            parse(name, value, options.*Member);
          }};
}

constexpr OptionField kFields[] = {
    field<&Options::method>("method", "dino, supervised or features"),
    field<&Options::family>("family", "bcssl or convnext"),
    field<&Options::dims>("dims", "channels of each stage"),
    field<&Options::depths>("depths", "blocks of each stage"),
    field<&Options::patch>("patch", "side of the stem's patches"),
    field<&Options::kernel>("kernel", "depthwise kernel size, odd"),
    field<&Options::bnActivation>(
        "bn-activation", "between batch and layer norm: none, relu or gelu"),
    field<&Options::layerScale>("layer-scale", "first value of gamma"),
    field<&Options::dropPath>("drop-path", "drop rate of the last block"),
    field<&Options::teacherDropPath>("teacher-drop-path",
                                     "drop paths in the teacher too"),
    field<&Options::inChannels>("in-channels", "channels of an image"),
    field<&Options::batch>("batch", "images a step"),
    field<&Options::image>("image", "side of an image or global crop"),
    field<&Options::localImage>("local-image", "side of a local crop"),
    field<&Options::localCrops>("local-crops", "local crops of an image"),
    field<&Options::imageType>(
        "image-type", "of a step's images: f32, or u8 that it normalises"),
    field<&Options::evalBatch>("eval-batch",
                               "images a call of features; 0: as batch"),
    field<&Options::evalImage>("eval-image",
                               "side of an image there; 0: as image"),
    field<&Options::outDim>("out-dim", "outputs of the DINO head"),
    field<&Options::hidden>("hidden", "hidden width of the DINO head"),
    field<&Options::bottleneck>("bottleneck", "bottleneck of the DINO head"),
    field<&Options::normLastLayer>("norm-last-layer",
                                   "keep the last layer's gain at 1"),
    field<&Options::classes>("classes", "classes of supervised training"),
    field<&Options::smoothing>("smoothing", "label smoothing"),
    field<&Options::initialization>(
        "init", "published (deviation 0.02) or fan (1/sqrt(fan in))"),
    field<&Options::centring>("centring", "mean or sinkhorn"),
    field<&Options::studentTemperature>("student-temp",
                                        "temperature of the student"),
    field<&Options::centerMomentum>("center-momentum",
                                    "momentum of the center"),
    field<&Options::sinkhornIterations>("sinkhorn-iterations",
                                        "rounds of Sinkhorn's assignment"),
    field<&Options::clip>("clip-grad",
                          "largest norm of a gradient tensor; 0: none"),
    field<&Options::optimizer>("optimizer", "adamw, sgd or lars"),
    field<&Options::beta1>("beta1", "AdamW's decay of the mean"),
    field<&Options::beta2>("beta2", "AdamW's decay of the square"),
};

/// Checks `allowed` and names the option and what it expects.
void expect(bool allowed, const char *name, const std::string &expectation,
            const std::string &value) {
  if (!allowed)
    reject(name, expectation, value);
}

void expectRange(const char *name, int64_t value, int64_t low, int64_t high) {
  expect(value >= low && value <= high, name,
         "a number from " + std::to_string(low) + " to " + std::to_string(high),
         std::to_string(value));
}

void expectFraction(const char *name, double value) {
  expect(value >= 0.0 && value < 1.0, name, "a number in [0, 1)", write(value));
}

void checkTrunk(const Options &options) {
  static constexpr int64_t maxKernel = 61, maxChannels = 1 << 16;
  expect(options.kernel >= 1 && options.kernel <= maxKernel &&
             options.kernel % 2 == 1,
         "kernel", "an odd number from 1 to " + std::to_string(maxKernel),
         write(options.kernel));
  expect(!options.dims.empty() && options.dims.size() <= 8, "dims",
         "one to eight stages", write(options.dims));
  expect(options.depths.size() == options.dims.size(), "depths",
         "as many stages as --dims", write(options.depths));
  for (int64_t dim : options.dims)
    expectRange("dims", dim, 1, maxChannels);
  for (int64_t depth : options.depths)
    expectRange("depths", depth, 0, 1000);
  expectRange("patch", options.patch, 1, 64);
  expectRange("in-channels", options.inChannels, 1, 256);
  expectFraction("drop-path", options.dropPath);
  expect(options.family == Family::Bcssl ||
             options.bnActivation == BnActivation::None,
         "bn-activation", "none without batch normalisation",
         write(options.bnActivation));
}

void expectImage(const char *name, int64_t side, int64_t stride) {
  static constexpr int64_t maxSide = 4096;
  expect(side >= stride && side <= maxSide && side % stride == 0, name,
         "a multiple of the network's stride " + std::to_string(stride) +
             " up to " + std::to_string(maxSide),
         std::to_string(side));
}

void checkDino(const Options &options) {
  static constexpr int64_t maxWidth = 1 << 20;
  expectRange("local-crops", options.localCrops, 0, 64);
  if (options.localCrops > 0)
    expectImage("local-image", options.localImage, options.stride());
  expectRange("out-dim", options.outDim, 2, maxWidth);
  expectRange("hidden", options.hidden, 1, maxWidth);
  expectRange("bottleneck", options.bottleneck, 1, maxWidth);
  expectRange("sinkhorn-iterations", options.sinkhornIterations, 1, 100);
  expect(options.studentTemperature > 0.0, "student-temp", "a positive number",
         write(options.studentTemperature));
  expectFraction("center-momentum", options.centerMomentum);
}

} // namespace

int64_t Options::stride() const {
  return patch << (dims.empty() ? 0 : dims.size() - 1);
}

std::span<const OptionField> bcssl::models::optionFields() { return kFields; }

void bcssl::models::setOption(Options &options, std::string_view name,
                              const std::string &value) {
  std::string dashed(name);
  std::ranges::replace(dashed, '_', '-');
  for (const OptionField &field : kFields)
    if (dashed == field.name)
      return field.set(options, field.name, value);
  throw OptionError("there is no option --" + dashed);
}

void bcssl::models::checkOptions(const Options &options) {
  checkTrunk(options);
  expectRange("batch", options.batch, 1, 1 << 16);
  expectRange("eval-batch", options.evalBatch, 0, 1 << 16);
  expectImage("image", options.image, options.stride());
  if (options.evalImage != 0)
    expectImage("eval-image", options.evalImage, options.stride());
  if (options.method == Method::Dino)
    checkDino(options);
  expectRange("classes", options.classes, 2, 1 << 20);
  expectFraction("smoothing", options.smoothing);
  expect(options.clip >= 0.0, "clip-grad", "a number of at least 0",
         write(options.clip));
  expectFraction("beta1", options.beta1);
  expectFraction("beta2", options.beta2);
}
