# What `cmake --install` leaves beside the tools: the libraries of frontend and
# models (with their headers), what runs compiled programs, and the package that
# find_package(bcssl) reads. Nothing in it depends on where it was built.
include(CMakePackageConfigHelpers)
set(package lib/cmake/bcssl)

# bcssl::runtime runs programs and reads checkpoints; nothing below is meant to
# be named by a user.
add_library(bcssl_runtime INTERFACE)
target_link_libraries(bcssl_runtime INTERFACE bcssl_checkpoint bcssl_executable)
target_include_directories(bcssl_runtime INTERFACE $<INSTALL_INTERFACE:include/bcssl>)
target_compile_features(bcssl_runtime INTERFACE cxx_std_20)
set_target_properties(bcssl_runtime PROPERTIES EXPORT_NAME runtime)
install(TARGETS bcssl_runtime bcssl_checkpoint bcssl_executable bcssl_device bcssl_base
        EXPORT bcssl-targets)
install(DIRECTORY runtime/base runtime/device runtime/executable
        DESTINATION include/bcssl/runtime FILES_MATCHING PATTERN "*.h" PATTERN "*Detail.h" EXCLUDE)
# Of the training layer, what reads and writes checkpoints.
install(FILES runtime/train/Checkpoint.h runtime/train/Digest.h runtime/train/RunState.h
              runtime/train/Safetensors.h runtime/train/SessionState.h
              runtime/train/StateAccess.h
        DESTINATION include/bcssl/runtime/train)

install(EXPORT bcssl-targets NAMESPACE bcssl:: DESTINATION ${package})
# Apart, for only who asks for it must have LLVM.
if(TARGET bcssl-simt)
  install(EXPORT bcssl-simt-targets NAMESPACE bcssl:: DESTINATION ${package})
endif()
configure_package_config_file(cmake/bcsslConfig.cmake.in ${CMAKE_BINARY_DIR}/bcsslConfig.cmake
                              INSTALL_DESTINATION ${package})
# Before version 1, a new minor version may change what users see.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/bcsslConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/bcsslConfig.cmake ${CMAKE_BINARY_DIR}/bcsslConfigVersion.cmake
        DESTINATION ${package})
install(FILES LICENSE README.md DESTINATION share/doc/bcssl)
