//===- bcssl-eval.cpp - judges the features of a network ------------------===//

#include "runtime/base/Flags.h"
#include "runtime/device/OpenDevice.h"
#include "runtime/eval/EvalJob.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

using namespace bcssl;

namespace {

struct Arguments {
  EvalJobOptions eval;
  std::vector<double> neighbors{10, 20, 100, 200};
  double temperature = 0.07;
  std::string sheet, solver = "sgd";
  bool augment = true, json = false;
  int64_t threads = 0, epochs = 100, batch = 1024;
  double learningRate = 0.001, decay = 1e-3;
};

int report(const Error &error) {
  std::fprintf(stderr, "bcssl-eval: %s\n", error.text().c_str());
  return static_cast<int>(error.code);
}

/// Prints a table, or one JSON object, with the accuracies of `rows`.
void print(const Arguments &arguments, const char *method, const EvalJob &job,
           const std::vector<std::pair<std::string, Accuracy>> &rows) {
  nlohmann::ordered_json object = {{"method", method},
                                   {"features", arguments.eval.features},
                                   {"bank", job.bank().features.rows},
                                   {"queries", job.queries().features.rows},
                                   {"width", job.bank().features.columns}};
  for (const auto &[name, accuracy] : rows)
    object["results"].push_back(
        {{"name", name}, {"top1", accuracy.top1}, {"top5", accuracy.top5}});
  if (arguments.json) {
    std::printf("%s\n", object.dump().c_str());
    return;
  }
  std::printf("%-12s %8s %8s\n", method, "top-1", "top-5");
  for (const auto &[name, accuracy] : rows)
    std::printf("%-12s %8.2f %8.2f\n", name.c_str(), accuracy.top1,
                accuracy.top5);
}

Status runKnn(const Arguments &arguments, EvalJob &job) {
  for (double count : arguments.neighbors)
    if (count != std::floor(count))
      return Error{.code = ExitCode::Usage,
                   .id = "knn-options",
                   .message = "expects whole numbers of neighbours"};
  KnnOptions options{
      .neighbors = {arguments.neighbors.begin(), arguments.neighbors.end()},
      .temperature = arguments.temperature,
      .threads = static_cast<int>(arguments.threads)};
  BCSSL_ASSIGN_OR_RETURN(scores, scoreKnn(job.bank(), job.queries(), options));
  std::vector<std::pair<std::string, Accuracy>> rows;
  for (const KnnScore &score : scores)
    rows.emplace_back("k=" + std::to_string(score.neighbors), score.accuracy);
  print(arguments, "knn", job, rows);
  if (arguments.sheet.empty())
    return {};
  return job.drawNeighbors(arguments.sheet, options);
}

Status runLinear(const Arguments &arguments, EvalJob &job) {
  int threads = static_cast<int>(arguments.threads);
  if (arguments.solver == "lbfgs") {
    BCSSL_ASSIGN_OR_RETURN(accuracy,
                           scoreLogisticRegression(
                               job.bank(), job.queries(),
                               {.decay = arguments.decay, .threads = threads}));
    print(arguments, "linear", job, {{"lbfgs", accuracy}});
    return {};
  }
  SgdProbeOptions options{.epochs = static_cast<int>(arguments.epochs),
                          .batch = arguments.batch,
                          .learningRate = arguments.learningRate,
                          .seed = arguments.eval.network.seed,
                          .threads = threads};
  auto progress = [](int epoch, double loss, const LinearScore &score) {
    std::fprintf(stderr, "epoch %d: loss %.4f, top-1 %.2f\n", epoch, loss,
                 score.last.top1);
  };
  BCSSL_ASSIGN_OR_RETURN(
      score,
      job.trainProbe(options, arguments.augment && job.hasNetwork(), progress));
  print(arguments, "linear", job,
        {{"sgd best", score.best}, {"sgd last", score.last}});
  return {};
}

void addCommonFlags(Flags &flags, Arguments &arguments) {
  EvalJobOptions &eval = arguments.eval;
  flags.add("checkpoint", eval.network.checkpoint,
            "a run's folder, a checkpoint, or a safetensors file",
            {.aliases = {"pretrained-weights"}});
  flags.add("program", eval.network.program,
            "the artifact; default: the one beside the checkpoint");
  flags.add("checkpoint-key", eval.network.key, "whose weights",
            {.choices = {"teacher", "student"}});
  flags.add("data", eval.data, "folder with train and validation images",
            {.aliases = {"data-path"}});
  flags.add("features", eval.features, "of the model, or the pixels themselves",
            {.choices = {"model", "raw"}});
  flags.add("fit", eval.fit, "how images get the network's size",
            {.choices = {"auto", "crop", "pad"}});
  flags.add("bank", eval.bank, "training images, 0: all", {.minimum = 0});
  flags.add("queries", eval.queries, "validation images, 0: all",
            {.minimum = 0});
  flags.add("recalibrate", eval.recalibrate,
            "training images for the statistics of batch normalisation, 0: "
            "those of the run",
            {.minimum = 0});
  flags.add("dump-features", eval.dumpFeatures,
            "folder for bank.npy, queries.npy and their labels");
  flags.add("load-features", eval.loadFeatures,
            "folder with features to use instead of a network");
  flags.add("device", eval.network.device,
            std::string("where features are computed: ") + deviceHelp);
  flags.add("threads", arguments.threads, "0: all cores",
            {.minimum = 0, .maximum = 1024});
  flags.add("seed", eval.network.seed,
            "of untrained weights and of the probe's order");
  flags.add("json", arguments.json, "print one JSON object");
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  Flags flags("bcssl-eval", "Judges the features of a network.",
              {"bcssl-eval knn --checkpoint=output --data=imagenet",
               "bcssl-eval linear --checkpoint=output --data=imagenet",
               "bcssl-eval knn --features=raw --data=fashion-mnist"});
  flags.requireCommand();
  Flags &knn = flags.command("knn", "Weighted nearest neighbours (DINO's).");
  addCommonFlags(knn, arguments);
  knn.add("nb-knn", arguments.neighbors, "numbers of neighbours",
          {.minimum = 1});
  knn.add("temperature", arguments.temperature, "of the votes");
  knn.add("sheet", arguments.sheet, "PNG of queries and their neighbours");
  Flags &linear = flags.command("linear", "A linear classifier.");
  addCommonFlags(linear, arguments);
  linear.add("solver", arguments.solver,
             "sgd: DINO's protocol; lbfgs: on standardised features",
             {.choices = {"sgd", "lbfgs"}});
  linear.add("augment", arguments.augment,
             "sgd: a network sees new random crops each epoch");
  linear.add("epochs", arguments.epochs, "sgd", {.minimum = 1, .maximum = 1e6});
  linear.add("batch", arguments.batch, "sgd", {.minimum = 1, .maximum = 1e9});
  linear.add("lr", arguments.learningRate, "sgd, for 256 images");
  linear.add("decay", arguments.decay, "lbfgs: times |weight|^2",
             {.minimum = 0});
  if (auto exit = flags.parse(argc, argv))
    return *exit;

  arguments.eval.network.threads = static_cast<int>(arguments.threads);
  auto job = EvalJob::open(arguments.eval);
  if (!job)
    return report(job.error());
  Status status =
      knn.chosen() ? runKnn(arguments, *job) : runLinear(arguments, *job);
  return status ? static_cast<int>(ExitCode::Done) : report(status.error());
}
