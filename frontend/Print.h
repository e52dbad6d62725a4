//===- Print.h - a recorded graph as MLIR text ------------------*- C++ -*-===//

#ifndef BCSSL_FRONTEND_PRINT_H
#define BCSSL_FRONTEND_PRINT_H

#include "frontend/Graph.h"

#include <iosfwd>

namespace bcssl::frontend {

/// Writes the module that importModule (frontend/Import.h) builds, locations
/// included, so that a model outside this project needs no MLIR: its program
/// prints, and bcssl-compile reads.
void printMlir(std::ostream &out, const Graph &graph);

/// What MLIR calls an initializer's kind: "zeros", "trunc_normal", ...
const char *toString(Initializer::Kind kind);

} // namespace bcssl::frontend

#endif // BCSSL_FRONTEND_PRINT_H
