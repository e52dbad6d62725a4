//===- View.cpp - what a network is shown of an image ---------------------===//

#include "runtime/eval/View.h"

#include "runtime/base/ReadFile.h"
#include "runtime/data/Decode.h"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace bcssl {

/// Whether the run that `program` belongs to padded its images, where its
/// config.json says so.
static std::optional<bool> trainedPadded(const std::string &program) {
  auto config = std::filesystem::path(program).parent_path() / "config.json";
  auto bytes = readFile(config.string(), uint64_t{1} << 20);
  if (!bytes)
    return {};
  auto text = reinterpret_cast<const char *>(bytes->data());
  auto json = nlohmann::json::parse(text, text + bytes->size(),
                                    /*callback=*/nullptr,
                                    /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("augment") ||
      !json["augment"].is_object() || !json["augment"].contains("kind"))
    return {};
  return json["augment"]["kind"] == "mild";
}

/// Buffers of the calling thread.
static AugmentScratch &scratchOfThread() {
  thread_local AugmentScratch scratch;
  return scratch;
}

AugmentOptions recipeFor(int side, int channels, const std::string &fit,
                         const std::string &program) {
  bool pad = fit == "pad";
  if (fit == "auto")
    pad = trainedPadded(program).value_or(channels == 1);
  AugmentOptions recipe = pad ? mildAugmentOptions() : AugmentOptions();
  recipe.globalSize = side;
  recipe.channels = channels;
  return recipe;
}

View fixedView(const AugmentOptions &recipe) {
  return [options = evalOptionsFor(recipe)](const Image &image, int64_t,
                                            std::span<float> out) {
    makeEvalView(options, image, scratchOfThread(), out);
  };
}

View probeView(const AugmentOptions &recipe, uint64_t seed, int64_t epoch) {
  AugmentOptions crops = recipe;
  crops.globalCrops = 1;
  crops.localCrops = 0;
  crops.globalScale = {0.08f, 1.0f};
  crops.jitter = crops.grey = crops.solarize = 0;
  crops.blur = {0, 0, 0};
  return [=](const Image &image, int64_t index, std::span<float> out) {
    makeCrop(crops, withChannels(image, crops.channels),
             {.seed = seed, .epoch = epoch, .index = index}, scratchOfThread(),
             out);
  };
}

} // namespace bcssl
