//===- FeatureNetwork.cpp - features of images ----------------------------===//

#include "runtime/eval/FeatureNetwork.h"

#include "runtime/eval/NetworkState.h"
#include "runtime/train/Checkpoint.h"

#include <algorithm>
#include <filesystem>

namespace bcssl {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view featuresProgram = "features";
constexpr std::string_view recalibrateProgram = "recalibrate";

/// The only artifact in the checkpoint's folder or, where there is none, in the
/// folder around it.
Result<std::string> findProgram(const std::string &checkpoint) {
  std::error_code code;
  fs::path folder = fs::canonical(checkpoint, code);
  for (int level = 0; level < 2; ++level, folder = folder.parent_path()) {
    std::vector<std::string> found;
    for (fs::directory_iterator at(folder, code), end; !code && at != end;
         at.increment(code))
      if (at->path().extension() == ".bcx")
        found.push_back(at->path().string());
    if (found.size() == 1)
      return found[0];
    if (found.size() > 1)
      return Error{.code = ExitCode::Usage,
                   .id = "program-ambiguous",
                   .message = "there are " + std::to_string(found.size()) +
                              " artifacts beside the checkpoint",
                   .file = folder.string(),
                   .hint = "name one with --program"};
  }
  return Error{.code = ExitCode::NoInput,
               .id = "program-missing",
               .message = "there is no artifact beside the checkpoint",
               .file = checkpoint,
               .hint = "name one with --program"};
}

const artifact::Port *findPort(const std::vector<artifact::Port> &ports,
                               std::string_view name, size_t rank) {
  auto port = std::ranges::find(ports, name, &artifact::Port::name);
  bool fits = port != ports.end() && port->type == DataType::F32 &&
              port->shape.size() == rank;
  return fits ? &*port : nullptr;
}

/// Checks that the programs have the ports that this file uses.
Status checkPrograms(const Executable &executable) {
  auto failure = [&](std::string message) -> Status {
    return Error{.code = ExitCode::BadData,
                 .id = "program-features",
                 .message = std::move(message),
                 .file = executable.file()};
  };
  auto features = executable.findProgram(featuresProgram);
  if (!features)
    return failure("the artifact has no program 'features'");
  const artifact::Program &program = executable.contents().programs[*features];
  const artifact::Port *images = findPort(program.inputs, "images", 4);
  const artifact::Port *output = findPort(program.outputs, "features", 2);
  if (!images || !output || images->shape[0] != output->shape[0] ||
      images->shape[1] != images->shape[2] ||
      (images->shape[3] != 1 && images->shape[3] != 3))
    return failure("expects 'features' to map square images [n, side, side, 1 "
                   "or 3] to features [n, width]");
  auto recalibrate = executable.findProgram(recalibrateProgram);
  if (!recalibrate)
    return {};
  const auto &inputs = executable.contents().programs[*recalibrate].inputs;
  const artifact::Port *same = findPort(inputs, "images", 4);
  if (!same || same->shape != images->shape)
    return failure("expects 'recalibrate' to take the images of 'features'");
  return {};
}

} // namespace

Result<FeatureNetwork> FeatureNetwork::open(const NetworkOptions &options) {
  std::string path = options.program;
  if (path.empty()) {
    BCSSL_ASSIGN_OR_RETURN(found, findProgram(options.checkpoint));
    path = found;
  }
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(path));
  BCSSL_RETURN_IF_ERROR(checkPrograms(*executable));
  BCSSL_ASSIGN_OR_RETURN(
      session,
      Session::open(executable,
                    {.device = options.device,
                     .threads = static_cast<unsigned>(options.threads)}));
  BCSSL_RETURN_IF_ERROR(session->initialize(options.seed));
  if (!options.checkpoint.empty()) {
    NetworkState state(*session, options.key);
    BCSSL_RETURN_IF_ERROR(loadWeights(options.checkpoint, state));
  }
  return FeatureNetwork(std::move(session), options.threads);
}

const artifact::Port &FeatureNetwork::images() const {
  const Executable &executable = session->executable();
  size_t program = *executable.findProgram(featuresProgram);
  return *findPort(executable.contents().programs[program].inputs, "images", 4);
}

Status FeatureNetwork::fillBatch(std::string_view program, const Sample &sample,
                                 int64_t first, const View &view) {
  std::span<std::byte> bytes = session->inputBytes(program, "images");
  auto *values = reinterpret_cast<float *>(bytes.data());
  int64_t batch = images().shape[0];
  // A batch that reaches past the end goes on with the first images.
  Sample rows{.data = sample.data};
  for (int64_t i = 0; i < batch; ++i)
    rows.indices.push_back(sample.indices[(first + i) % sample.size()]);
  size_t elements = images().elements() / batch;
  return forEachImage(rows, 0, batch, threads,
                      [&](int64_t position, const Image &image) -> Status {
                        view(image, rows.indices[position],
                             {values + position * elements, elements});
                        return {};
                      });
}

Result<LabelledFeatures> FeatureNetwork::features(const Sample &sample,
                                                  const View &view) {
  std::span<std::byte> input = session->inputBytes(featuresProgram, "images");
  std::span<const std::byte> output =
      session->outputBytes(featuresProgram, "features");
  int64_t batch = images().shape[0];
  int64_t width = static_cast<int64_t>(output.size() / sizeof(float)) / batch;
  const auto *rows = reinterpret_cast<const float *>(output.data());

  LabelledFeatures result{Features(sample.size(), width), sample.labels()};
  for (int64_t first = 0; first < sample.size(); first += batch) {
    BCSSL_RETURN_IF_ERROR(fillBatch(featuresProgram, sample, first, view));
    Input images("images", DataType::F32, input);
    BCSSL_RETURN_IF_ERROR(session->run(featuresProgram, {images}, {}));
    int64_t count = std::min(batch, sample.size() - first);
    std::copy_n(rows, count * width, result.features.row(first).data());
  }
  return result;
}

Status FeatureNetwork::recalibrate(const Sample &sample, const View &view) {
  if (sample.size() == 0 ||
      !session->executable().findProgram(recalibrateProgram))
    return {};
  std::span<std::byte> input =
      session->inputBytes(recalibrateProgram, "images");
  int64_t batch = images().shape[0];
  // A batch in part would weigh its images more than others.
  int64_t batches = std::max<int64_t>(1, sample.size() / batch);
  for (int64_t i = 0; i < batches; ++i) {
    BCSSL_RETURN_IF_ERROR(
        fillBatch(recalibrateProgram, sample, i * batch, view));
    float momentum = 1.0f / static_cast<float>(i + 1);
    Input images("images", DataType::F32, input);
    Input weight("momentum", std::span<const float>(&momentum, 1));
    BCSSL_RETURN_IF_ERROR(
        session->run(recalibrateProgram, {images, weight}, {}));
  }
  return {};
}

} // namespace bcssl
