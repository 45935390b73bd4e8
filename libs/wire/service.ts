import { Gateway } from './gen/fairlead/v1/gateway_pb.js';

/** The path of the stream in HTTP/2, `/fairlead.v1.Gateway/Connect`. */
export const connectPath = `/${Gateway.typeName}/${Gateway.method.connect.name}`;
