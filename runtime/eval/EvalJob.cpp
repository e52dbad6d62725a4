//===- EvalJob.cpp - one judgement from files to numbers ------------------===//

#include "runtime/eval/EvalJob.h"

#include "runtime/eval/FeatureFiles.h"
#include "runtime/eval/NeighborSheet.h"

namespace bcssl {

namespace {

Error usage(std::string message) {
  return {.code = ExitCode::Usage,
          .id = "eval-options",
          .message = std::move(message)};
}

} // namespace

Result<EvalJob> EvalJob::open(const EvalJobOptions &options) {
  EvalJob job;
  if (!options.data.empty())
    BCSSL_RETURN_IF_ERROR(job.openImages(options));
  if (options.loadFeatures.empty()) {
    if (options.data.empty())
      return usage("expects --data or --load-features");
    BCSSL_RETURN_IF_ERROR(job.computeFeatures(options));
  } else {
    BCSSL_ASSIGN_OR_RETURN(bank, readFeatures(options.loadFeatures, "bank"));
    BCSSL_ASSIGN_OR_RETURN(queries,
                           readFeatures(options.loadFeatures, "queries"));
    job.bankFeatures = std::move(bank);
    job.queryFeatures = std::move(queries);
  }
  if (!options.dumpFeatures.empty()) {
    BCSSL_RETURN_IF_ERROR(
        writeFeatures(options.dumpFeatures, "bank", job.bankFeatures));
    BCSSL_RETURN_IF_ERROR(
        writeFeatures(options.dumpFeatures, "queries", job.queryFeatures));
  }
  BCSSL_RETURN_IF_ERROR(checkComparable(job.bankFeatures, job.queryFeatures));
  return job;
}

Status EvalJob::openImages(const EvalJobOptions &options) {
  BCSSL_ASSIGN_OR_RETURN(training, openDataset(options.data, Split::Train));
  BCSSL_ASSIGN_OR_RETURN(validation,
                         openDataset(options.data, Split::Validation));
  bankData = std::move(training);
  queryData = std::move(validation);
  BCSSL_ASSIGN_OR_RETURN(bank, chooseSample(*bankData, options.bank));
  BCSSL_ASSIGN_OR_RETURN(queries, chooseSample(*queryData, options.queries));
  bankSample = std::move(bank);
  querySample = std::move(queries);
  BCSSL_ASSIGN_OR_RETURN(classes, matchClasses(*bankData, *queryData));
  querySample.classes = std::move(classes);
  return {};
}

Status EvalJob::computeFeatures(const EvalJobOptions &options) {
  int threads = options.network.threads;
  if (options.features == "raw") {
    BCSSL_ASSIGN_OR_RETURN(bank, pixelFeatures(bankSample, threads));
    BCSSL_ASSIGN_OR_RETURN(queries, pixelFeatures(querySample, threads));
    bankFeatures = std::move(bank);
    queryFeatures = std::move(queries);
    return {};
  }
  if (options.network.checkpoint.empty() && options.network.program.empty())
    return usage("expects --checkpoint, or --program for untrained weights");
  BCSSL_ASSIGN_OR_RETURN(opened, FeatureNetwork::open(options.network));
  network.emplace(std::move(opened));
  recipe = recipeFor(network->side(), network->channels(), options.fit,
                     network->file());
  View view = fixedView(recipe);

  if (options.recalibrate > 0) {
    BCSSL_ASSIGN_OR_RETURN(sample,
                           chooseSample(*bankData, options.recalibrate));
    BCSSL_RETURN_IF_ERROR(network->recalibrate(sample, view));
  }
  BCSSL_ASSIGN_OR_RETURN(bank, network->features(bankSample, view));
  BCSSL_ASSIGN_OR_RETURN(queries, network->features(querySample, view));
  bankFeatures = std::move(bank);
  queryFeatures = std::move(queries);
  return {};
}

Result<LinearScore> EvalJob::trainProbe(
    const SgdProbeOptions &options, bool augment,
    const std::function<void(int, double, const LinearScore &)> &report) {
  BCSSL_RETURN_IF_ERROR(checkProbe(options));
  if (augment && !network)
    return usage("expects a network for --augment, got fixed features");
  SgdProbe probe(countClasses(bankFeatures, queryFeatures),
                 bankFeatures.features.columns, options);
  LinearScore score;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    if (augment) {
      BCSSL_ASSIGN_OR_RETURN(
          rows, network->features(bankSample,
                                  probeView(recipe, options.seed, epoch)));
      bankFeatures = std::move(rows);
    }
    double loss = probe.trainEpoch(epoch, bankFeatures);
    score.add(epoch, probe.evaluate(queryFeatures));
    report(epoch, loss, score);
  }
  return score;
}

Status EvalJob::drawNeighbors(const std::string &path,
                              const KnnOptions &options) {
  if (!bankData)
    return usage("expects --data for a sheet of images");
  if (bankSample.size() != bankFeatures.features.rows ||
      querySample.size() != queryFeatures.features.rows)
    return usage("expects as many images as features for a sheet, got " +
                 std::to_string(bankSample.size()) + " and " +
                 std::to_string(bankFeatures.features.rows));
  return writeNeighborSheet(path, bankSample, bankFeatures, querySample,
                            queryFeatures, options);
}

} // namespace bcssl
