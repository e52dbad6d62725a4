//===- print-features.cpp - a trained network in a user's program ---------===//
//
//   print-features PROGRAM CHECKPOINT
//
// Prints the features of four white images, one image a line.
//
//===----------------------------------------------------------------------===//

#include "runtime/executable/Session.h"
#include "runtime/train/Checkpoint.h"

#include <algorithm>
#include <cstdio>

using namespace bcssl;

namespace {

/// A session's variables as a checkpoint sees them.
class State : public StateAccess {
public:
  explicit State(Session &session) : session(session) {}
  std::span<const artifact::Variable> variables() const override {
    return session.executable().variables();
  }
  Status read(size_t variable, std::span<std::byte> out) override {
    std::ranges::copy(session.variable(variable), out.begin());
    return {};
  }
  Status write(size_t variable, std::span<const std::byte> bytes) override {
    std::ranges::copy(bytes, session.variable(variable).begin());
    return {};
  }

private:
  Session &session;
};

Status printFeatures(const char *program, const char *checkpoint) {
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(program));
  BCSSL_ASSIGN_OR_RETURN(session, Session::open(executable, {.threads = 1}));
  State state(*session);
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
