# SPDX-License-Identifier: Apache-2.0
# Finds every package that Glint is built on. scripts/setup.sh installs them; what another Boost would have
# conflicted with lies unpacked in build/deps.
list(PREPEND CMAKE_PREFIX_PATH ${CMAKE_CURRENT_SOURCE_DIR}/build/deps/usr)

find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(tl-expected REQUIRED)

# Header-only packages without a CMake configuration in Debian: one interface target each, marked SYSTEM so that
# their warnings are not ours.
function(glint_header_only target header)
  cmake_parse_arguments(arg "" "" "HINTS" ${ARGN})
  find_path(${target}_INCLUDE_DIR ${header} HINTS ${arg_HINTS} REQUIRED)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIR})
endfunction()

glint_header_only(glint_cereal cereal/cereal.hpp)
glint_header_only(glint_pfr boost/pfr.hpp HINTS ${CMAKE_CURRENT_SOURCE_DIR}/build/deps/usr/include)
glint_header_only(glint_thrust thrust/version.h)

if(GLINT_TESTS)
  find_package(GTest REQUIRED)
endif()

if(GLINT_CUDA)
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25.1 does not know yet that nvcc takes C++20
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  endif()
  find_package(CUDAToolkit REQUIRED)
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA_EXTENSIONS OFF)
endif()
