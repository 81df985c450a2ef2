# What nearly every file includes, compiled once: a third of a build's work is reading the standard library again.
# Only the release build has it. The others go without, and so they notice a file that forgets an include.

set(KEEL_PCH_HEADERS
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <cstring> <deque> <functional> <iostream>
  <limits> <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <string> <string_view> <thread>
  <tuple> <unordered_map> <unordered_set> <utility> <variant> <vector>)

# Compiled headers hang on a target, and a target needs a file.
function(keel_make_pch name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LINKS")
  set(nothing ${PROJECT_BINARY_DIR}/generated/nothing.cc)
  file(CONFIGURE OUTPUT ${nothing} CONTENT "")
  add_library(${name} OBJECT ${nothing})
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()

# keel_use_pch(TARGET): reads what is compiled already, that of the tests if it links GoogleTest.
function(keel_use_pch name)
  if(NOT KEEL_PCH)
    return()
  endif()
  if(NOT TARGET keel_pch)
    find_package(GTest REQUIRED)
    keel_make_pch(keel_pch HEADERS ${KEEL_PCH_HEADERS})
    keel_make_pch(keel_pch_tests HEADERS ${KEEL_PCH_HEADERS} <gmock/gmock.h> <gtest/gtest.h>
                  LINKS GTest::gmock GTest::gtest)
    keel_compile_quickly(keel_pch_tests)
  endif()
  get_target_property(links ${name} LINK_LIBRARIES)
  if("GTest::gtest" IN_LIST links)
    target_precompile_headers(${name} REUSE_FROM keel_pch_tests)
  else()
    target_precompile_headers(${name} REUSE_FROM keel_pch)
  endif()
endfunction()
