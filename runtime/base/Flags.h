//===- Flags.h - command lines of the tools ---------------------*- C++ -*-===//
//
// One way to declare flags for every tool: names take `-` and `_`, values come
// after `=` or a blank, an unknown flag ends with a suggestion and exit code 2,
// numbers must be finite and in range, a flag given twice counts as last given,
// `--help` shows examples, `--version` the version. Words go to stderr.
//
//   Flags flags("bcssl-run", "Runs one function on .npy files.",
//               {"bcssl-run step.bcx --function=step --input=x=x.npy"});
//   flags.positional("FILE", path, "a compiled program", {.required = true});
//   flags.add("threads", threads, "number of threads", {.minimum = 1});
//   if (auto exit = flags.parse(argc, argv))
//     return *exit;
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_BASE_FLAGS_H
#define BCSSL_RUNTIME_BASE_FLAGS_H

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bcssl {

/// What a flag accepts beyond its type.
struct FlagOptions {
  bool required = false;
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {}; ///< for text; empty: anything
  std::vector<std::string> aliases = {}; ///< further names, without dashes
  char letter = 0;                       ///< one-letter form, as in -o
  int count = 0;          ///< for lists: exactly so many values, 0: any
  std::string group = {}; ///< heading in --help
  std::string type = {};  ///< what --help calls the value
};

/// The flags of one tool, or of one of its commands. Variables that are bound
/// here must outlive parse(); what they hold before it is the default.
class Flags {
public:
  Flags(std::string tool, std::string description,
        std::vector<std::string> examples = {});
  Flags(const Flags &) = delete;
  Flags &operator=(const Flags &) = delete;
  ~Flags();

  /// Adds `--name`. A bool is a switch that also takes true/false, on/off, 1/0;
  /// a list of text takes one value each time it is given; a list of numbers
  /// takes them after commas or blanks, up to the next flag or its count.
  void add(const std::string &name, bool &value, const std::string &help,
           const FlagOptions &options = {});
  void add(const std::string &name, int64_t &value, const std::string &help,
           const FlagOptions &options = {});
  void add(const std::string &name, uint64_t &value, const std::string &help,
           const FlagOptions &options = {});
  void add(const std::string &name, double &value, const std::string &help,
           const FlagOptions &options = {});
  void add(const std::string &name, std::string &value, const std::string &help,
           const FlagOptions &options = {});
  void add(const std::string &name, std::vector<std::string> &values,
           const std::string &help, const FlagOptions &options = {});
  void add(const std::string &name, std::vector<double> &values,
           const std::string &help, const FlagOptions &options = {});

  /// Adds a value without a name, in the order of the calls.
  void positional(const std::string &name, std::string &value,
                  const std::string &help, const FlagOptions &options = {});

  /// Adds a command ("knn" in `bcssl-eval knn ...`) with flags of its own. With
  /// `required`, one command must be given.
  Flags &command(const std::string &name, const std::string &description,
                 const std::vector<std::string> &examples = {});
  void requireCommand();

  /// Sets the process up (ToolSetup.h) and reads the command line. Returns an
  /// exit code where the tool is to end now: 0 after --help and --version, 2
  /// (ExitCode::Usage) after a message on stderr.
  std::optional<int> parse(int argc, const char *const *argv);

  /// After parse(): whether `--name` stood on the command line.
  bool given(const std::string &name) const;
  /// After parse(): whether this command was chosen.
  bool chosen() const;

private:
  struct State;
  explicit Flags(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_FLAGS_H
