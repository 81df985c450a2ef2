// What nghttp2 calls back, translated to Http2Session: the only other file that knows nghttp2.
#pragma once

#include <nghttp2/nghttp2.h>

#include <span>
#include <vector>

#include "net/http2_session.h"

namespace keel::net {

struct Http2Callbacks {
  // Makes a session whose callbacks go to `self`.
  [[nodiscard]] static nghttp2_session* MakeSession(Http2Session* self,
                                                    const Http2Options& options);

  // Reads a stream's queue when nghttp2 has room for its data.
  [[nodiscard]] static nghttp2_data_provider DataProvider();

  // The fields as nghttp2 takes them; it copies before the call that gets them returns.
  [[nodiscard]] static std::vector<nghttp2_nv> Fields(std::span<const Metadata::Field> fields);

 private:
  static Http2Session* Self(void* user_data) { return static_cast<Http2Session*>(user_data); }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t flags,
                      void* user_data);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* head, void* user_data);
  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame* frame, int error,
                            void* user_data);
  static int OnDataChunk(nghttp2_session*, uint8_t flags, int32_t stream, const uint8_t* data,
                         size_t bytes, void* user_data);
  static int OnStreamClose(nghttp2_session*, int32_t stream, uint32_t error, void* user_data);
  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* user_data);
  static ssize_t ReadQueue(nghttp2_session*, int32_t stream, uint8_t* buffer, size_t bytes_max,
                           uint32_t* flags, nghttp2_data_source*, void* user_data);
  static int SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t bytes,
                      nghttp2_data_source*, void* user_data);
  static void OnHeadersFrame(Http2Session* self, const nghttp2_frame& frame);
  static void OnEndOf(Http2Session* self, StreamId id);
};

}  // namespace keel::net
