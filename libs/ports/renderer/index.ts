export type { Patcher, RenderedText, Renderer, RendererKind, RenderInput } from './port.ts';
