//===- PortNames.h - what programs take and give ----------------*- C++ -*-===//

#ifndef BCSSL_TEST_MODELS_PORTNAMES_H
#define BCSSL_TEST_MODELS_PORTNAMES_H

#include "frontend/Graph.h"

#include <set>

namespace bcssl::frontend {

/// The names of the ports that are variables, or of those that are not.
inline std::set<std::string> portNames(const std::vector<Port> &ports,
                                       bool variables) {
  std::set<std::string> names;
  for (const Port &port : ports)
    if (port.isVariable == variables)
      names.insert(port.name);
  return names;
}

inline std::set<std::string> inputsOf(const Graph &graph,
                                      const char *procedure) {
  return portNames(graph.findProcedure(procedure)->arguments, false);
}

inline std::set<std::string> outputsOf(const Graph &graph,
                                       const char *procedure) {
  return portNames(graph.findProcedure(procedure)->results, false);
}

} // namespace bcssl::frontend

#endif // BCSSL_TEST_MODELS_PORTNAMES_H
