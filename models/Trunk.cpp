//===- Trunk.cpp - the trunk that BC-SSL and ConvNeXt share ---------------===//

#include "models/Trunk.h"
#include "frontend/Error.h"

#include <numeric>

using namespace bcssl::models;

const TrunkOptions &bcssl::models::checkStages(const TrunkOptions &options,
                                               Where where) {
  if (options.dims.empty() || options.depths.size() != options.dims.size())
    fail(where,
         "a trunk expects channels and blocks of at least one stage, "
         "got ",
         options.dims.size(), " dims and ", options.depths.size(), " depths");
  return options;
}

BlockOptions bcssl::models::blockOptions(const TrunkOptions &options, int64_t i,
                                         int64_t j) {
  auto first = options.depths.begin();
  int64_t total = std::accumulate(first, options.depths.end(), int64_t{0});
  int64_t before = std::accumulate(first, first + i, j);
  double share =
      total > 1 ? static_cast<double>(before) / static_cast<double>(total - 1)
                : 0.0;
  return {.dim = options.dims[i],
          .kernel = options.kernel,
          .layerScale = options.layerScale,
          .dropRate = options.dropPath * share,
          .bnActivation = options.bnActivation};
}
