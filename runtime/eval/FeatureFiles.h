//===- FeatureFiles.h - features between tools ------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EVAL_FEATUREFILES_H
#define BCSSL_RUNTIME_EVAL_FEATUREFILES_H

#include "runtime/eval/Features.h"

#include <string>

namespace bcssl {

/// Writes `name`.npy, float32 [rows, columns], and `name`_labels.npy, int32
/// [rows], into a directory, which is created. Errors: "directory-create"
/// (CannotCreate), those of writeNpy.
Status writeFeatures(const std::string &directory, const std::string &name,
                     const LabelledFeatures &set);

/// Reads them back. Errors: those of readNpy, "features-file" (BadData) for
/// another type or shape.
Result<LabelledFeatures> readFeatures(const std::string &directory,
                                      const std::string &name);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EVAL_FEATUREFILES_H
