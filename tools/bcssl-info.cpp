//===- bcssl-info.cpp - what a model costs, what a file holds -------------===//

#include "runtime/base/Child.h"
#include "runtime/base/Flags.h"
#include "runtime/device/cpu/CpuLevel.h"
#include "runtime/executable/Describe.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

using namespace bcssl;

namespace {

/// Whether one of the words begins with `prefix`, in which `-` is also `_`.
bool gives(int argc, char **argv, std::string_view prefix) {
  return std::any_of(argv + 1, argv + argc, [&](std::string word) {
    std::ranges::replace(word, '_', '-');
    return word.starts_with(prefix);
  });
}

/// Whether the question is about models, which only the compiler knows.
bool isAboutModels(int argc, char **argv) {
  return gives(argc, argv, "--model") || gives(argc, argv, "--list-models");
}

std::string shown(const nlohmann::ordered_json &value) {
  if (value.is_number_unsigned())
    return grouped(value.get<uint64_t>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// The compiler's JSON object as lines of "key: value". Programs become lines
/// of their own, with all that is known of them.
std::string lines(const std::string &object) {
  auto json = nlohmann::ordered_json::parse(object, nullptr,
                                            /*allow_exceptions=*/false);
  if (!json.is_object())
    return object;
  std::string text;
  for (const auto &[key, value] : json.items()) {
    if (key != "programs") {
      text += key + ": " + shown(value) + "\n";
      continue;
    }
    for (const auto &program : value) {
      std::string words;
      for (const auto &[name, number] : program.items())
        words += name == "name" ? "program " + shown(number) + ":"
                                : " " + name + " " + shown(number);
      text += words + "\n";
    }
  }
  return text;
}

/// Hands all flags but --json to the compiler.
Result<int> askCompiler(int argc, char **argv) {
  std::vector<std::string> words;
  bool json = false, list = false;
  for (int i = 1; i < argc; ++i) {
    json |= std::strcmp(argv[i], "--json") == 0;
    list |= std::strncmp(argv[i], "--list", 6) == 0;
    if (std::strcmp(argv[i], "--json") != 0)
      words.push_back(argv[i]);
  }
  if (!list)
    words.insert(words.begin(), "--describe");
  BCSSL_ASSIGN_OR_RETURN(compiler, findTool("bcssl-compile"));
  BCSSL_ASSIGN_OR_RETURN(child,
                         runChild(compiler, words, /*captureOutput=*/true));
  std::fputs((json || list ? child.output : lines(child.output)).c_str(),
             stdout);
  return child.exitCode;
}

Status describe(const std::string &file, bool json, bool kernels) {
  BCSSL_ASSIGN_OR_RETURN(executable, Executable::open(file));
  std::string text = kernels ? describeKernels(*executable)
                     : json  ? describeJson(*executable)
                             : describeText(*executable);
  std::fputs(text.c_str(), stdout);
  return {};
}

int report(const Error &error) {
  std::fprintf(stderr, "bcssl-info: %s\n", error.text().c_str());
  return static_cast<int>(error.code);
}

} // namespace

int main(int argc, char **argv) {
  bool help = gives(argc, argv, "--help");
  if (isAboutModels(argc, argv) && !help &&
      !gives(argc, argv, "--list-targets")) {
    auto exit = askCompiler(argc, argv);
    return exit ? *exit : report(exit.error());
  }
  std::string file, kernelsFile, model;
  bool json = false, listModels = false, listTargets = false;
  Flags flags("bcssl-info",
              "Prints what a compiled file holds, or what a model costs.",
              {"bcssl-info step.bcx", "bcssl-info step.bcx --json",
               "bcssl-info kernels step.bcx",
               "bcssl-info --model=bcssl-tiny --kernel=31",
               "bcssl-info --list-models"});
  flags.positional("FILE", file, "a compiled program (.bcx)");
  flags.add("json", json, "print one JSON object");
  flags.add("model", model,
            "a model of the zoo; takes the model flags of bcssl-compile");
  flags.add("list-models", listModels, "print the names of the models");
  flags.add("list-targets", listTargets,
            "print the machine code that this CPU runs, best first");
  Flags &kernels = flags.command(
      "kernels", "how often kernels run, their share of the work, and what "
                 "their machine code needs");
  kernels.positional("FILE", kernelsFile, "a compiled program (.bcx)",
                     {.required = true});
  // The flags of a model stay unread: they are the compiler's.
  const char *onlyHelp[] = {argv[0], "--help"};
  if (auto exit = help && isAboutModels(argc, argv) ? flags.parse(2, onlyHelp)
                                                    : flags.parse(argc, argv))
    return *exit;
  if (listTargets) {
    for (const std::string &target : cpuTargets())
      std::puts(target.c_str());
    return 0;
  }
  if (file.empty() && !kernels.chosen())
    return report({ExitCode::Usage,
                   "usage",
                   "expects a file or --model=NAME",
                   {},
                   {},
                   "try bcssl-info --help"});
  Status status =
      describe(kernels.chosen() ? kernelsFile : file, json, kernels.chosen());
  return status ? 0 : report(status.error());
}
