//===- Png.h - pictures to files --------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_REPORT_PNG_H
#define BCSSL_RUNTIME_REPORT_PNG_H

#include "runtime/report/Canvas.h"

namespace bcssl {

/// Writes a canvas as an 8-bit RGB PNG, atomically.
/// Errors: "png-write" (Io), those of AtomicFile.
Status writePng(const std::string &path, const Canvas &canvas);

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_PNG_H
