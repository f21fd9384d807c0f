/* SPDX-License-Identifier: MIT */
#include "cmd/flowcat/registry.h"

#include <stdbool.h>
#include <stddef.h>

#define ELEMENT(name, pen, id, len, type) \
	FB_IE_INIT_FULL(name, pen, id, len, FB_IE_F_ENDIAN, 0, 0, type, NULL)
#define TEXT(name, pen, id) \
	FB_IE_INIT_FULL(name, pen, id, FB_IE_VARLEN, 0, 0, 0, FB_STRING, NULL)
#define OCTETS(name, pen, id) \
	FB_IE_INIT_FULL(      \
	    name, pen, id, FB_IE_VARLEN, 0, 0, 0, FB_OCTET_ARRAY, NULL)

enum {
	PEN_CESNET = 8057,
	PEN_FLOWMON = 39499,
	/* RFC 5612: for examples, so no exporter has it. */
	PEN_NOBODY = 32473,
};

/* Flowmon's and CESNET's as their collectors' element files list them. */
static fbInfoElement_t others[] = {
	OCTETS("octets", PEN_NOBODY, 1),
	TEXT("flowmon_httpHost", PEN_FLOWMON, 1),
	TEXT("flowmon_httpUrl", PEN_FLOWMON, 2),
	TEXT("flowmon_httpReferer", PEN_FLOWMON, 3),
	TEXT("flowmon_httpContentType", PEN_FLOWMON, 10),
	ELEMENT("flowmon_httpStatusCode", PEN_FLOWMON, 12, 2, FB_UINT_16),
	TEXT("flowmon_httpUserAgent", PEN_FLOWMON, 20),
	ELEMENT("flowmon_dnsId", PEN_FLOWMON, 110, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsFlagsCodes", PEN_FLOWMON, 111, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsQuestionCount", PEN_FLOWMON, 112, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsAnswrecCount", PEN_FLOWMON, 113, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsAuthrecCount", PEN_FLOWMON, 114, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsAddtrecCount", PEN_FLOWMON, 115, 2, FB_UINT_16),
	TEXT("flowmon_dnsCrrName", PEN_FLOWMON, 116),
	ELEMENT("flowmon_dnsCrrType", PEN_FLOWMON, 117, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsCrrClass", PEN_FLOWMON, 118, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsCrrTtl", PEN_FLOWMON, 119, 4, FB_UINT_32),
	OCTETS("flowmon_dnsCrrRdata", PEN_FLOWMON, 120),
	TEXT("flowmon_dnsQname", PEN_FLOWMON, 121),
	ELEMENT("flowmon_dnsQtype", PEN_FLOWMON, 122, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsQclass", PEN_FLOWMON, 123, 2, FB_UINT_16),
	ELEMENT("flowmon_dnsCrrRdataLen", PEN_FLOWMON, 124, 2, FB_UINT_16),
	ELEMENT("flowmon_tlsServerVersion", PEN_FLOWMON, 333, 2, FB_UINT_16),
	TEXT("flowmon_tlsAlpn", PEN_FLOWMON, 337),
	TEXT("flowmon_tlsSni", PEN_FLOWMON, 338),
	OCTETS("flowmon_tlsCipherSuites", PEN_FLOWMON, 341),
	OCTETS("flowmon_tlsJa3Fingerprint", PEN_FLOWMON, 357),
	ELEMENT("cesnet_dnsRCode", PEN_CESNET, 1, 1, FB_UINT_8),
	TEXT("cesnet_dnsName", PEN_CESNET, 2),
	ELEMENT("cesnet_dnsQType", PEN_CESNET, 3, 2, FB_UINT_16),
	ELEMENT("cesnet_dnsClass", PEN_CESNET, 4, 2, FB_UINT_16),
	ELEMENT("cesnet_dnsRRTTL", PEN_CESNET, 5, 4, FB_UINT_32),
	TEXT("cesnet_dnsRData", PEN_CESNET, 7),
	ELEMENT("cesnet_dnsTransactionID", PEN_CESNET, 10, 2, FB_UINT_16),
	ELEMENT("cesnet_dnsAType", PEN_CESNET, 11, 2, FB_UINT_16),
	ELEMENT("cesnet_dnsAnswers", PEN_CESNET, 14, 2, FB_UINT_16),
	TEXT("cesnet_httpMethod", PEN_CESNET, 200),
	TEXT("cesnet_tlsSNI", PEN_CESNET, 808),
	TEXT("cesnet_tlsJa4", PEN_CESNET, 809),
	TEXT("cesnet_quicSNI", PEN_CESNET, 890),
	TEXT("cesnet_quicUserAgent", PEN_CESNET, 891),
	ELEMENT("cesnet_quicVersion", PEN_CESNET, 892, 4, FB_UINT_32),
	FB_IE_NULL,
};

fbInfoModel_t *
registry_model(void)
{
	static fbInfoModel_t *model;

	if (!model) {
		model = fbInfoModelAlloc();
		fbInfoModelAddElementArray(model, others);
	}
	return model;
}

/* RFC 7011 6.2: integers and floats may be shorter than their type. */
static bool
fits(const fbInfoElement_t *e, uint16_t len)
{
	switch (e->type) {
	case FB_OCTET_ARRAY:
	case FB_STRING:
		return true;
	case FB_BASIC_LIST: /* structured data is not looked into */
	case FB_SUB_TMPL_LIST:
	case FB_SUB_TMPL_MULTI_LIST:
		return false;
	case FB_UINT_8:
	case FB_UINT_16:
	case FB_UINT_32:
	case FB_UINT_64:
	case FB_INT_8:
	case FB_INT_16:
	case FB_INT_32:
	case FB_INT_64:
		return len >= 1 &&
		       len <= 8; /* exporters have longer ones too */
	case FB_FLOAT_32:
	case FB_FLOAT_64:
		return len == 4 || len == 8;
	default:
		return len == e->len;
	}
}

const fbInfoElement_t *
registry_find(uint32_t pen, uint16_t id, uint16_t len)
{
	const fbInfoElement_t *e =
	    fbInfoModelGetElementByID(registry_model(), id, pen);

	return e && fits(e, len) ? e : NULL;
}

static const fbInfoElement_t *
registry_octets(void)
{
	return fbInfoModelGetElementByID(registry_model(), 1, PEN_NOBODY);
}

fbInfoElement_t
registry_element(uint32_t pen, uint16_t id, uint16_t len)
{
	const fbInfoElement_t *e = registry_find(pen, id, len);
	fbInfoElement_t as = *(e ? e : registry_octets());

	as.len = len;
	return as;
}
