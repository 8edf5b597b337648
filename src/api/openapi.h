/* api/openapi.json, put into the program as it is (openapi.S). */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

extern const char openapi_json[];
extern const char openapi_json_end[];

#endif
