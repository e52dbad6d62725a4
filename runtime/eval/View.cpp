//===- View.cpp - what a network is shown of an image ---------------------===//

#include "runtime/eval/View.h"

#include "runtime/data/Decode.h"

namespace bcssl {

/// Buffers of the calling thread.
static AugmentScratch &scratchOfThread() {
  thread_local AugmentScratch scratch;
  return scratch;
}

AugmentOptions recipeFor(int side, int channels, const std::string &fit) {
  bool pad = fit == "pad" || (fit == "auto" && channels == 1);
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
