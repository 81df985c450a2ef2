# How every file of Keel is compiled and linked: the language, the warnings, the sanitizers, the
# cache and the linker. The presets choose; this file carries out.

set(KEEL_SANITIZE "" CACHE STRING "Sanitizers for the whole build, as -fsanitize takes them")
option(KEEL_PCH "Read the standard library compiled once (g++ only)" OFF)
option(KEEL_FUZZ "Build the libFuzzer programs (clang only)" OFF)

# -- Language ------------------------------------------------------------------------------------
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()
# Asserts of libraries stay on in every build, as our own checks do.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
add_compile_definitions(_GLIBCXX_ASSERTIONS)

find_package(Threads REQUIRED)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # It collects its garbage from the first megabytes on, and finds next to none: a tenth of its time.
  add_compile_options("SHELL:--param ggc-min-heapsize=524288")
endif()

# -- Warnings ------------------------------------------------------------------------------------
add_compile_options(
  -Wall -Wextra -Wpedantic -Werror
  -Wshadow -Wconversion -Wno-sign-conversion -Wold-style-cast -Wcast-align -Wformat=2
  -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wimplicit-fallthrough
  # Options structs are built with designated initialisers; a field left out keeps its default.
  -Wno-missing-field-initializers)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety)
else()
  # g++ 12 warns of overlaps inside std::string that cannot happen (GCC bug 105651).
  add_compile_options(-Wno-restrict)
endif()

# -- Compiled headers: keel_pch.cmake ---------------------------------------------------------------
if(KEEL_PCH)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "KEEL_PCH is for g++: set it OFF.")
  endif()
  # The compiler cache tells by the preprocessed file which compiled header was read.
  add_compile_options(-fpch-preprocess)
  # g++ 12 forgets that such a header is the system's, and warns of what cannot happen inside std::string. Builds without
  # compiled headers, the sanitizers' among them, have these warnings.
  add_compile_options(-Wno-array-bounds -Wno-stringop-overread -Wno-stringop-overflow)
endif()

# -- Determinism: nothing in a binary tells where it was built -------------------------------------
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

# -- Sanitizers: a finding ends the program; there are no suppressions -----------------------------
if(KEEL_SANITIZE)
  add_compile_options(-fsanitize=${KEEL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${KEEL_SANITIZE})
  if(KEEL_SANITIZE MATCHES "thread")
    # It does not know fences, and g++ says so. Asio's stand beside mutexes, which it does know.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # g++ loses track of initialisation in instrumented code and warns without cause.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()
if(KEEL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "The fuzzers need clang++: use the preset `fuzz`.")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# -- Speed of the build: a compiler cache and a fast linker, when the machine has them -------------
find_program(KEEL_CCACHE ccache)
if(KEEL_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  # As it comes: told to share between clones it would rewrite paths, and binaries would differ.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KEEL_CCACHE})
  if(KEEL_PCH)
    # It keeps compiled headers only if told that neither macros of ours nor the time of day are in them.
    list(PREPEND CMAKE_CXX_COMPILER_LAUNCHER
         ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros)
  endif()
endif()

find_program(KEEL_MOLD mold)
find_program(KEEL_LLD ld.lld)
if(KEEL_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(KEEL_LLD)
  add_link_options(-fuse-ld=lld)
endif()
