//===- Dsl.h - the one include of a model file ------------------*- C++ -*-===//

#ifndef BCSSL_FRONTEND_DSL_H
#define BCSSL_FRONTEND_DSL_H

#include "frontend/Error.h"
#include "frontend/Layers.h"
#include "frontend/Ops.h"
#include "frontend/Optimizers.h"
#include "frontend/Program.h"
#include "frontend/Scope.h"
#include "frontend/Sequence.h"
#include "frontend/Tensor.h"

#endif // BCSSL_FRONTEND_DSL_H
