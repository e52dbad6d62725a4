//===- bcssl-train.cpp - trains a network on images -----------------------===//

#include "runtime/train/Launch.h"

#include <cstdio>

using namespace bcssl;

int main(int argc, char **argv) {
  TrainCommand command = parseTrainFlags(argc, argv);
  if (command.exit)
    return *command.exit;
  auto summary = launchTraining(command, argc, argv);
  if (!summary) {
    std::fprintf(stderr, "bcssl-train: %s\n", summary.error().text().c_str());
    return static_cast<int>(summary.error().code);
  }
  return static_cast<int>(summary->exitCode());
}
