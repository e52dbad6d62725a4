//===- print-features.cpp - a trained network in a user's program ---------===//
//
//   print-features PROGRAM CHECKPOINT
//
// Prints the features of four white images, one image a line.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Checkpoint.h"
#include "runtime/train/SessionState.h"

#include <cstdio>

using namespace bcssl;

namespace {

Status printFeatures(const char *program, const char *checkpoint) {
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(program));
  BCSSL_ASSIGN_OR_RETURN(session, Session::open(executable, {.threads = 1}));
  SessionState state(*session);
  BCSSL_RETURN_IF_ERROR(loadWeights(checkpoint, state, "teacher."));
  std::vector<float> images(4 * 16 * 16, 1.0f), features(4 * 16);
  BCSSL_RETURN_IF_ERROR(
      session->run("features", {{"images", std::span<const float>(images)}},
                   {{"features", std::span(features)}}));
  for (size_t i = 0; i < features.size(); ++i)
    std::printf("%.9g%c", features[i], i % 16 == 15 ? '\n' : ' ');
  return {};
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "print-features expects PROGRAM CHECKPOINT\n");
    return static_cast<int>(ExitCode::Usage);
  }
  Status status = printFeatures(argv[1], argv[2]);
  if (!status)
    std::fprintf(stderr, "print-features: %s\n", status.error().text().c_str());
  return static_cast<int>(status ? ExitCode::Done : status.error().code);
}
