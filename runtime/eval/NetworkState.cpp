//===- NetworkState.cpp - the weights that features need ------------------===//

#include "runtime/eval/NetworkState.h"

#include <algorithm>

namespace bcssl {

namespace {

constexpr std::string_view teacherPrefix = "teacher.";
constexpr std::string_view backbonePrefix = "teacher.backbone.";
constexpr std::string_view modelPrefix = "model.";

} // namespace

NetworkState::NetworkState(Session &session, const std::string &key)
    : session(session) {
  const auto &variables = session.executable().variables();
  bool hasTeacher = std::ranges::any_of(variables, [](const auto &variable) {
    return variable.name.starts_with(backbonePrefix);
  });
  std::string_view prefix = hasTeacher ? backbonePrefix : modelPrefix;
  for (size_t i = 0; i < variables.size(); ++i) {
    const artifact::Variable &variable = variables[i];
    if (!variable.name.starts_with(prefix))
      continue;
    list.push_back(variable);
    if (hasTeacher && !key.empty())
      list.back().name = key + "." + variable.name.substr(teacherPrefix.size());
    numbers.push_back(i);
  }
}

Status NetworkState::read(size_t variable, std::span<std::byte> out) {
  return session.readVariable(numbers[variable], out);
}

Status NetworkState::write(size_t variable, std::span<const std::byte> bytes) {
  return session.writeVariable(numbers[variable], bytes);
}

} // namespace bcssl
