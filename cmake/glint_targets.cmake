# SPDX-License-Identifier: Apache-2.0
# What all targets share, as properties of targets and never of the directory.

find_program(GLINT_CCACHE ccache)

# Compile settings of one of our own targets: C++20, warnings, sanitizers.
function(glint_settings target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(GLINT_CCACHE)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER ${GLINT_CCACHE})
  endif()
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${GLINT_WERROR}>>:-Werror>)
  if(GLINT_SANITIZE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${GLINT_SANITIZE} -fno-omit-frame-pointer>)
    if(GLINT_SANITIZE MATCHES undefined)
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize-recover=undefined>)
    endif()
    target_link_options(${target} PUBLIC -fsanitize=${GLINT_SANITIZE})
  endif()
endfunction()

# A module of the house: glint_add_module(NAME SOURCES a.cpp ... DEPENDS base gpu PUBLIC_LIBRARIES x PRIVATE_LIBRARIES y)
# makes the target glint_NAME with the alias glint::NAME. DEPENDS is the module's declared list of modules; the
# dependency check holds includes against it.
function(glint_add_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PUBLIC_LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  set(target glint_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(glint::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  list(TRANSFORM arg_DEPENDS PREPEND glint::)
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} ${arg_PUBLIC_LIBRARIES} PRIVATE ${arg_PRIVATE_LIBRARIES})
  glint_settings(${target})
  set_property(GLOBAL APPEND PROPERTY GLINT_MODULES ${name})
endfunction()

# A program of ours: glint_add_program(NAME SOURCES a.cpp LIBRARIES glint::core).
function(glint_add_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  glint_settings(${name})
endfunction()
