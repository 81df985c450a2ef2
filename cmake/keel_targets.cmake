# The words in which a folder describes itself to the build. In all of them DEPS are libraries of
# this tree and LINKS are libraries from outside.
#
#   keel_library(raft DEPS base [LINKS ...] [SOURCES ...] [EXCLUDE main.cc] [MUTANTS])
#   keel_program(keel-sim SOURCES main.cc [DEPS ...] [LINKS ...] [MUTANTS])
#   keel_test(raft_log_test SOURCES log_test.cc [DEPS ...] [LINKS ...] [MUTANTS] [OWN_MAIN]
#             [ARGS ...] [LABELS unit] [TIMEOUT 60] [PROCESSORS 1])     # TIMEOUT in seconds
#   keel_check(sim_120s COMMAND keel-sim --seconds 120 LABELS sim TIMEOUT 300 [PROCESSORS 2])
#   keel_benchmark(bench_raft SOURCES raft_bench.cc [DEPS ...])
#   keel_fuzzer(raft_step SOURCES raft_step.cc [DEPS ...])
#
# MUTANTS on a library makes a second flavour of it, <name>_mutants: the files that name a mutant are compiled again
# with KEEL_MUTANTS=1, the others' objects are taken as they are. It is linked to the same flavour of its DEPS, and
# built only for those who need it. MUTANTS on a program or a test links that flavour. Mutants are hunted in plain
# builds: under a sanitizer such a program is built only when it is asked for by name, and such a test is left out.

# Maps the names of our libraries to their flavour: raft -> raft_mutants.
function(keel_flavoured out suffix)
  list(TRANSFORM ARGN APPEND "${suffix}")
  set(${out} ${ARGN} PARENT_SCOPE)
endfunction()

# Splits the files of a library into those whose code a mutant can change, which `mutated` becomes, and the objects of
# its ordinary flavour for the rest: no header knows of mutants, so these are the same in both.
function(keel_split_by_mutants mutated objects name)
  set(found "")
  set(rest "$<TARGET_OBJECTS:${name}>")
  foreach(file ${ARGN})
    file(STRINGS ${file} lines REGEX "[Mm]utant|MUTANT" LIMIT_COUNT 1)
    if(lines)
      list(APPEND found ${file})
      if(file MATCHES "^(/|\\.\\.)")
        get_filename_component(file ${file} NAME)
      endif()
      string(REPLACE "." "\\." file ${file})
      set(rest "$<FILTER:${rest},EXCLUDE,/${file}\\.o>")
    endif()
  endforeach()
  # A change may bring a file its first mutant.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
  set(${mutated} ${found} PARENT_SCOPE)
  set(${objects} ${rest} PARENT_SCOPE)
endfunction()

function(keel_add_library name suffix)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "DEPS;LINKS;SOURCES")
  keel_flavoured(deps "${suffix}" ${arg_DEPS})
  if(suffix AND arg_SOURCES)
    keel_split_by_mutants(mutated objects ${name} ${arg_SOURCES})
    set(arg_SOURCES ${mutated} ${objects})
  endif()
  if(arg_SOURCES)
    add_library(${name}${suffix} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(${name}${suffix} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name}${suffix} ${scope} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name}${suffix} ${scope} ${deps} ${arg_LINKS})
  if(arg_SOURCES)
    keel_use_pch(${name}${suffix})
  endif()
  if(suffix)
    target_compile_definitions(${name}${suffix} ${scope} KEEL_MUTANTS=1)
    set_target_properties(${name}${suffix} PROPERTIES EXCLUDE_FROM_ALL TRUE LINKER_LANGUAGE CXX)
  endif()
endfunction()

function(keel_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "MUTANTS" "" "DEPS;LINKS;SOURCES;EXCLUDE")
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS *.cc)
    if(arg_EXCLUDE)
      list(REMOVE_ITEM arg_SOURCES ${arg_EXCLUDE})
    endif()
  endif()
  keel_add_library(${name} "" DEPS ${arg_DEPS} LINKS ${arg_LINKS} SOURCES ${arg_SOURCES})
  if(arg_MUTANTS)
    keel_add_library(${name} _mutants DEPS ${arg_DEPS} LINKS ${arg_LINKS} SOURCES ${arg_SOURCES})
  endif()
endfunction()

function(keel_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "MUTANTS" "" "SOURCES;DEPS;LINKS")
  set(suffix "")
  if(arg_MUTANTS)
    set(suffix _mutants)
  endif()
  keel_flavoured(deps "${suffix}" ${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${deps} ${arg_LINKS} Threads::Threads)
  if("GTest::gtest" IN_LIST arg_LINKS)
    keel_compile_quickly(${name})
  endif()
  keel_use_pch(${name})
  if(arg_MUTANTS AND KEEL_SANITIZE)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endif()
endfunction()

# What a test itself does takes no time; to compile it does.
function(keel_compile_quickly name)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_options(${name} PRIVATE -O1)
  endif()
endfunction()

# Gives ctest a command to run, unless it is a program that this build leaves out. A finding of a sanitizer must end the run and say where it was.
function(keel_check name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;PROCESSORS" "COMMAND;LABELS")
  list(GET arg_COMMAND 0 program)
  if(TARGET ${program})
    get_target_property(left_out ${program} EXCLUDE_FROM_ALL)
    if(left_out)
      return()
    endif()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(KEEL_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")  # what a sanitizer costs, and a busy machine
  endif()
  if(NOT arg_PROCESSORS)
    set(arg_PROCESSORS 1)
  endif()
  set(sanitizer_options
    ASAN_OPTIONS=detect_stack_use_after_return=1
    UBSAN_OPTIONS=print_stacktrace=1
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1)
  add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES
    LABELS "${arg_LABELS}"
    TIMEOUT ${arg_TIMEOUT}
    PROCESSORS ${arg_PROCESSORS}
    ENVIRONMENT "${sanitizer_options}")
endfunction()

function(keel_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg
    "MUTANTS;OWN_MAIN" "TIMEOUT;PROCESSORS" "SOURCES;DEPS;LINKS;ARGS;LABELS")
  if(arg_MUTANTS AND KEEL_SANITIZE)
    return()
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  set(flavour "")
  if(arg_MUTANTS)
    set(flavour MUTANTS)
  endif()
  find_package(GTest REQUIRED)
  set(framework GTest::gmock GTest::gtest)
  if(NOT arg_OWN_MAIN)
    list(APPEND framework GTest::gtest_main)
  endif()
  keel_program(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} ${flavour}
               LINKS ${arg_LINKS} ${framework})
  keel_check(${name} COMMAND ${name} ${arg_ARGS} LABELS ${arg_LABELS}
             TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS})
endfunction()

# The allocator of production: messages are made on one thread and freed on another, which is what
# glibc's is slowest at. The sanitizers bring their own.
function(keel_link_allocator name)
  if(KEEL_SANITIZE OR KEEL_FUZZ)
    return()
  endif()
  find_library(KEEL_JEMALLOC jemalloc REQUIRED)
  target_link_libraries(${name} PRIVATE ${KEEL_JEMALLOC})
endfunction()

# A Google Benchmark program with a main of its own, over keeld's allocator; `benchmarks` builds them
# all.
function(keel_benchmark name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;LINKS")
  find_package(benchmark REQUIRED)
  keel_program(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS}
               LINKS ${arg_LINKS} benchmark::benchmark)
  keel_link_allocator(${name})
  if(NOT TARGET benchmarks)
    add_custom_target(benchmarks)
  endif()
  add_dependencies(benchmarks ${name})
endfunction()

# A libFuzzer program fuzz_<name>; exists only in the preset `fuzz`, where `fuzzers` builds them all.
function(keel_fuzzer name)
  if(NOT KEEL_FUZZ)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;LINKS")
  keel_program(fuzz_${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} LINKS ${arg_LINKS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_dependencies(fuzzers fuzz_${name})
endfunction()
