//===- Flags.cpp - CLI11 behind our rules ---------------------------------===//

#include "runtime/base/Flags.h"
#include "runtime/base/Status.h"
#include "runtime/base/Suggest.h"
#include "runtime/base/ToolSetup.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <map>

namespace bcssl {

/// A node of the tree of commands. The root owns the parser; commands point
/// into it.
struct Flags::State {
  CLI::App *app = nullptr;
  std::unique_ptr<CLI::App> owned;
  State *parent = nullptr;
  std::map<std::string, CLI::Option *> options; ///< by every name and alias
  std::vector<std::string> switches;            ///< names that need no value
  std::map<std::string, std::unique_ptr<Flags>> commands;

  CLI::Option *bind(const std::string &name, const std::string &help,
                    const FlagOptions &options, const char *type,
                    CLI::callback_t callback);
  const CLI::Option *find(const std::string &name) const;
  std::vector<std::string> names() const;
  std::vector<std::string> normalise(int argc, const char *const *argv);
};

static std::string footerOf(const std::vector<std::string> &examples) {
  if (examples.empty())
    return "";
  std::string footer = "Examples:";
  for (const std::string &example : examples)
    footer += "\n  " + example;
  return footer + "\n";
}

/// The shortest text that reads back as the same number.
static std::string shortest(double value) {
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return std::string(buffer, end);
}

static std::string expectedRange(const FlagOptions &options) {
  bool low = std::isfinite(options.minimum);
  bool high = std::isfinite(options.maximum);
  if (low && high)
    return " from " + shortest(options.minimum) + " to " +
           shortest(options.maximum);
  if (low)
    return " of at least " + shortest(options.minimum);
  if (high)
    return " of at most " + shortest(options.maximum);
  return "";
}

/// Reads a whole finite number in range, or throws CLI11's validation error.
template <typename T>
static T parseNumber(const std::string &name, const std::string &text,
                     const FlagOptions &options) {
  T value{};
  auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  bool valid = code == std::errc() && end == text.data() + text.size();
  if constexpr (std::is_floating_point_v<T>)
    valid = valid && std::isfinite(value);
  double wide = static_cast<double>(value);
  if (!valid || wide < options.minimum || wide > options.maximum)
    throw CLI::ValidationError(
        "--" + name,
        std::string("expects ") +
            (std::is_floating_point_v<T> ? "a number" : "a whole number") +
            expectedRange(options) + ", got " + text);
  return value;
}

static bool parseBool(const std::string &name, std::string text) {
  text = CLI::detail::to_lower(text);
  if (text == "true" || text == "on" || text == "1" || text == "yes")
    return true;
  if (text == "false" || text == "off" || text == "0" || text == "no")
    return false;
  throw CLI::ValidationError("--" + name, "expects true or false, got " + text);
}

static void checkChoice(const std::string &name, const std::string &text,
                        const std::vector<std::string> &choices) {
  if (choices.empty() || std::ranges::count(choices, text))
    return;
  std::string message =
      "expects one of " + CLI::detail::join(choices, ", ") + ", got " + text;
  std::string near = closest(text, choices);
  if (!near.empty())
    message += "; did you mean " + near + "?";
  throw CLI::ValidationError(name, message);
}

CLI::Option *Flags::State::bind(const std::string &name,
                                const std::string &help,
                                const FlagOptions &flag, const char *type,
                                CLI::callback_t callback) {
  std::string all = "--" + name;
  if (flag.letter)
    all = std::string("-") + flag.letter + "," + all;
  for (const std::string &alias : flag.aliases)
    all += ",--" + alias;
  CLI::Option *option = app->add_option(all, std::move(callback), help);
  option->required(flag.required);
  option->type_name(flag.type.empty() ? type : flag.type);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  if (!flag.group.empty())
    option->group(flag.group);
  options[name] = option;
  for (const std::string &alias : flag.aliases)
    options[alias] = option;
  if (flag.letter)
    options[std::string(1, flag.letter)] = option;
  return option;
}

void Flags::add(const std::string &name, bool &value, const std::string &help,
                const FlagOptions &options) {
  CLI::Option *option =
      state->bind(name, help, options, "", [name, &value](const auto &given) {
        value = parseBool(name, given.back());
        return true;
      });
  // The switch alone means true; normalise() gives it its value.
  option->default_str(value ? "true" : "false");
  state->switches.push_back(name);
  for (const std::string &alias : options.aliases)
    state->switches.push_back(alias);
}

void Flags::add(const std::string &name, int64_t &value,
                const std::string &help, const FlagOptions &options) {
  state
      ->bind(name, help, options, "N",
             [name, &value, options](const auto &given) {
               value = parseNumber<int64_t>(name, given.back(), options);
               return true;
             })
      ->default_str(std::to_string(value));
}

void Flags::add(const std::string &name, uint64_t &value,
                const std::string &help, const FlagOptions &options) {
  state
      ->bind(name, help, options, "N",
             [name, &value, options](const auto &given) {
               value = parseNumber<uint64_t>(name, given.back(), options);
               return true;
             })
      ->default_str(std::to_string(value));
}

void Flags::add(const std::string &name, double &value, const std::string &help,
                const FlagOptions &options) {
  state
      ->bind(name, help, options, "X",
             [name, &value, options](const auto &given) {
               value = parseNumber<double>(name, given.back(), options);
               return true;
             })
      ->default_str(shortest(value));
}

void Flags::add(const std::string &name, std::string &value,
                const std::string &help, const FlagOptions &options) {
  std::string type = options.choices.empty()
                         ? "TEXT"
                         : CLI::detail::join(options.choices, "|");
  state
      ->bind(name, help, options, type.c_str(),
             [name, &value, choices = options.choices](const auto &given) {
               checkChoice("--" + name, given.back(), choices);
               value = given.back();
               return true;
             })
      ->default_str(value);
}

void Flags::add(const std::string &name, std::vector<std::string> &values,
                const std::string &help, const FlagOptions &options) {
  state
      ->bind(name, help, options, "TEXT",
             [name, &values, choices = options.choices](const auto &given) {
               for (const std::string &text : given)
                 checkChoice("--" + name, text, choices);
               values = given;
               return true;
             })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1)
      ->allow_extra_args(false);
}

void Flags::add(const std::string &name, std::vector<double> &values,
                const std::string &help, const FlagOptions &options) {
  std::vector<std::string> texts;
  for (double value : values)
    texts.push_back(shortest(value));
  CLI::Option *option = state->bind(
      name, help, options, "X,X...",
      [name, &values, options](const auto &given) {
        std::vector<double> read;
        for (const std::string &text : given)
          read.push_back(parseNumber<double>(name, text, options));
        if (options.count && read.size() != static_cast<size_t>(options.count))
          throw CLI::ValidationError(
              "--" + name, "expects " + std::to_string(options.count) +
                               " numbers, got " + std::to_string(read.size()));
        values = std::move(read);
        return true;
      });
  option->delimiter(',')->default_str(CLI::detail::join(texts, ","));
  if (options.count)
    option->expected(1, options.count);
  else
    option->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args();
}

void Flags::positional(const std::string &name, std::string &value,
                       const std::string &help, const FlagOptions &options) {
  CLI::Option *option = state->app->add_option(
      name,
      [name, &value, choices = options.choices](const auto &given) {
        checkChoice(name, given.back(), choices);
        value = given.back();
        return true;
      },
      help);
  option->required(options.required)->type_name("");
  state->options[name] = option;
}

Flags::Flags(std::string tool, std::string description,
             std::vector<std::string> examples)
    : state(std::make_unique<State>()) {
  state->owned = std::make_unique<CLI::App>(std::move(description), tool);
  state->app = state->owned.get();
  state->app->footer(footerOf(examples));
  state->options["help"] = state->app->get_help_ptr();
  state->options["h"] = state->app->get_help_ptr();
  state->options["version"] = state->app->set_version_flag(
      "--version", tool + " " BCSSL_VERSION, "Print the version and exit");
}

Flags::Flags(std::unique_ptr<State> state) : state(std::move(state)) {}
Flags::~Flags() = default;

Flags &Flags::command(const std::string &name, const std::string &description,
                      const std::vector<std::string> &examples) {
  auto child = std::make_unique<State>();
  child->app = state->app->add_subcommand(name, description);
  child->app->footer(footerOf(examples));
  child->parent = state.get();
  child->options["help"] = child->app->get_help_ptr();
  child->options["h"] = child->app->get_help_ptr();
  auto &slot = state->commands[name];
  slot.reset(new Flags(std::move(child)));
  return *slot;
}

void Flags::requireCommand() { state->app->require_subcommand(1); }

const CLI::Option *Flags::State::find(const std::string &name) const {
  for (const State *node = this; node; node = node->parent)
    if (auto found = node->options.find(name); found != node->options.end())
      return found->second;
  return nullptr;
}

std::vector<std::string> Flags::State::names() const {
  std::vector<std::string> names;
  for (const State *node = this; node; node = node->parent)
    for (const auto &[name, option] : node->options)
      if (name.size() > 1 && !option->get_positional())
        names.push_back(name);
  return names;
}

namespace {
/// One word of the command line: a flag (with its value, after '=') or not.
struct Word {
  std::string name; ///< with '_' as '-', empty where the word is no flag
  std::string rest; ///< "=value" or empty

  explicit Word(const std::string &text) {
    size_t dashes = text.starts_with("--") ? 2 : text.starts_with("-") ? 1 : 0;
    // A negative number or a lone dash is a value.
    if (dashes == 0 || text.size() == dashes || std::isdigit(text[dashes]) ||
        text[dashes] == '.')
      return;
    size_t equals = std::min(text.find('='), text.size());
    name = text.substr(dashes, equals - dashes);
    if (dashes == 1)
      name.resize(1);
    std::ranges::replace(name, '_', '-');
    rest = text.substr(dashes == 1 ? 2 : equals);
    shortForm = dashes == 1;
  }
  std::string text() const { return (shortForm ? "-" : "--") + name + rest; }
  bool shortForm = false;
};
} // namespace

/// Rewrites the words so that CLI11 reads our forms: '_' in names, and a switch
/// alone, before true or false, or with '='. Throws on an unknown flag, which
/// comes before any complaint about missing ones.
std::vector<std::string> Flags::State::normalise(int argc,
                                                 const char *const *argv) {
  std::vector<std::string> words;
  const State *node = this;
  for (int i = 1; i < argc; ++i) {
    std::string text = argv[i];
    if (text == "--") {
      words.insert(words.end(), argv + i, argv + argc);
      break;
    }
    if (auto found = node->commands.find(text); found != node->commands.end())
      node = found->second->state.get();
    Word word(text);
    if (word.name.empty()) {
      words.push_back(text);
      continue;
    }
    if (!node->find(word.name)) {
      std::vector<std::string> known = node->names();
      std::string near = closest(word.name, known);
      throw CLI::ExtrasError(
          "unknown flag " + Word(text.substr(0, text.find('='))).text() +
              (near.empty() ? "" : "; did you mean --" + near + "?"),
          CLI::ExitCodes::ExtrasError);
    }
    bool isSwitch = false;
    for (const State *at = node; at; at = at->parent)
      isSwitch |= std::ranges::count(at->switches, word.name) != 0;
    if (isSwitch && word.rest.empty()) {
      static const std::vector<std::string> values = {"true", "false", "on",
                                                      "off",  "1",     "0"};
      bool follows = i + 1 < argc && std::ranges::count(values, argv[i + 1]);
      word.rest = std::string("=") + (follows ? argv[++i] : "true");
    }
    words.push_back(word.text());
  }
  return words;
}

std::optional<int> Flags::parse(int argc, const char *const *argv) {
  setUpTool(state->app->get_name());
  try {
    std::vector<std::string> words = state->normalise(argc, argv);
    std::ranges::reverse(words); // CLI11 takes them from the back.
    state->app->parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) // --help and --version
      return state->app->exit(error);
    std::cerr << state->app->get_name() << ": " << error.what() << "\nTry "
              << state->app->get_name() << " --help\n";
    return static_cast<int>(ExitCode::Usage);
  }
}

bool Flags::given(const std::string &name) const {
  const CLI::Option *option = state->find(name);
  return option && option->count() > 0;
}

bool Flags::chosen() const { return state->app->parsed(); }

} // namespace bcssl
